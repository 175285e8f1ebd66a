def pick_where(predicate, order=lambda o: o["name"]):
    moved = []
    for obj in sorted(filter(predicate, camera.objects()), key=order):
        arm.move_to(*obj["position"])
        if arm.grasp():
            arm.move_to(0.1, 0.3, 0.05 + 0.05 * len(moved))
            arm.release()
            moved.append(obj["name"])
    return moved

print(pick_where(lambda o: o["color"] == "red"))
print(pick_where(lambda o: "cube" in o["name"], order=lambda o: -o["position"][0]))
{o["name"]: [round(v, 2) for v in o["position"]] for o in camera.objects()}
