def stack(names, x=0.4, y=0.0, cube=0.04):
    for level, name in enumerate(names):
        obj = camera.find(name)
        px, py, pz = obj["position"]
        arm.move_to(px, py, pz)
        if arm.grasp():
            arm.move_to(x, y, 0.02 + level * cube)
            arm.release()
            print(f"level {level}: {name}")

stack(["red cube", "green cube", "blue cube"])
heights = {o["name"]: round(o["position"][2], 2) for o in camera.objects()}
print(heights)
tower = sorted((o for o in camera.objects() if o["position"][0] == 0.4), key=lambda o: o["position"][2])
assert len(tower) == 3, f"tower has {len(tower)} cubes"
" < ".join(o["name"].split()[0] for o in tower)
