"""Real robots: what a driver has to do (`protocols`), the drivers that there are, and a check for those to come.

A driver takes rows of joint positions and says what the joints measure. Plans, limits, keep-out volumes, stops and the
tools of a program come from the same controllers as in simulation, which move a model of the robot at the same time.
"""
