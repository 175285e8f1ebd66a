"""One island for all that moves, so that an episode with several jointed bodies does not depend on the one before.

Bullet sorts the joints of all jointed bodies by island before it solves them, by a sort that does not keep the order of
equals. An island is numbered after one of its bodies, and which one that is depends on which boxes overlapped in which
order, and Bullet forgets pairs of boxes that have parted only little by little. So the order in which the joints of an
arm are solved, and with it the last bits, would depend on the past as soon as there is a second jointed body: another
arm, a drawer, a knob, a peg. In one island all are equal, and their order is always the same.
"""

from __future__ import annotations

from codeact_envs.bullet.engine.simulation import Simulation

_FAR = 1e4  # metres from the middle of the world to where there is something to touch
_RADIUS = 0.01


def join_islands(simulation: Simulation) -> None:
    """Load a body whose box overlaps every other, and that nothing ever touches.

    It must be loaded before the robot: after it, the joints came into an order in which the fingers pressed on the
    handle of a door with more than 280 N.
    """
    bullet, on = simulation.bullet, {"physicsClientId": simulation.client}
    corners = bullet.createCollisionShapeArray(
        [bullet.GEOM_SPHERE, bullet.GEOM_SPHERE],
        radii=[_RADIUS, _RADIUS],
        collisionFramePositions=[(-_FAR, -_FAR, -_FAR), (_FAR, _FAR, _FAR)],
        **on,
    )
    nowhere, straight = (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)
    # What cannot move belongs to no island: so its one link can turn, which nothing makes it do.
    bullet.createMultiBody(
        baseMass=0.0,
        basePosition=nowhere,
        linkMasses=[1.0],
        linkCollisionShapeIndices=[corners],
        linkVisualShapeIndices=[-1],
        linkPositions=[nowhere],
        linkOrientations=[straight],
        linkInertialFramePositions=[nowhere],
        linkInertialFrameOrientations=[straight],
        linkParentIndices=[0],
        linkJointTypes=[bullet.JOINT_REVOLUTE],
        linkJointAxis=[(0.0, 0.0, 1.0)],
        **on,
    )
