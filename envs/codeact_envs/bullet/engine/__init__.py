"""Bullet, held bit-exact: one client, its time and steps, what stands in it, what is saved of it, its pictures."""
