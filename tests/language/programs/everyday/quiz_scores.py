questions = [("2 + 2", "4"), ("capital of France", "paris"), ("a prime below 3", "2")]
answers = {"ann": ["4", "Paris ", "2"], "bob": ["5", "lyon", "2"], "cy": ["4"]}

def grade(given):
    padded = given + [""] * (len(questions) - len(given))
    return [a.strip().lower() == right for a, (_, right) in zip(padded, questions)]

results = {who: grade(given) for who, given in answers.items()}
for who, marks in results.items():
    print(f"{who:<4} {''.join('+' if m else '-' for m in marks)} {sum(marks)}/{len(marks)}")
hardest = min(range(len(questions)), key=lambda i: sum(r[i] for r in results.values()))
print("hardest:", questions[hardest][0])
sorted(results, key=lambda w: -sum(results[w]))
