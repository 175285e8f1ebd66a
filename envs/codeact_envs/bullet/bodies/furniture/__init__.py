"""What stands in a scene beside blocks: furniture whose parts slide and turn, tools and containers. One file an idea;
each makes an `Assembly` from its full extents. `codeact_envs.bullet.bodies.shapes` lists them all."""
