"""What programs do with an arm, one skill a file: each a class whose public methods are tools, to be put together with
others on one `ArmSkill`."""
