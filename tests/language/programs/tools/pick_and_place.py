def pick(name, approach=0.1):
    target = camera.find(name)
    if target is None:
        raise LookupError(f"{name} is not visible")
    x, y, z = target["position"]
    arm.move_to(x, y, z + approach)
    arm.move_to(x, y, z)
    if not arm.grasp():
        raise RuntimeError(f"could not grasp {name}")
    arm.move_to(x, y, z + approach)
    return target

def place(x, y, z=0.02):
    arm.move_to(x, y, z + 0.1)
    arm.move_to(x, y, z)
    arm.release()
    arm.move_to(x, y, z + 0.1)

for name in ["red cube", "green cube", "purple cube"]:
    try:
        target = pick(name)
        place(0.5, 0.1)
    except LookupError as e:
        print("skipped:", e)
    else:
        print(f"placed {target['name']} ({target['color']})")
[o["name"] for o in camera.objects()]
