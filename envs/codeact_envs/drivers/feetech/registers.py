"""Registers of the STS3215 that are used here: address and width. Source: Feetech, "Memory table of the STS series"."""

from __future__ import annotations

from typing import NamedTuple


class Register(NamedTuple):
    address: int
    width: int


MODEL = Register(3, 2)
ID = Register(5, 1)
ANSWERS = Register(8, 1)  # 0: to reading only; 1: to every instruction
LOWEST = Register(9, 2)
HIGHEST = Register(11, 2)
HOTTEST = Register(13, 1)  # degrees Celsius
PHASE = Register(18, 1)  # bit 2: the unit of speeds
OFFSET = Register(31, 2)  # what is taken off the encoder's reading, steps, sign in bit 11
MODE = Register(33, 1)  # 0: position
TORQUE = Register(40, 1)
ACCELERATION = Register(41, 1)  # 100 steps/s^2
GOAL = Register(42, 2)
SPEED = Register(46, 2)
TORQUE_LIMIT = Register(48, 2)  # thousandths of the stall torque
LOCK = Register(55, 1)  # 0: what survives a power cut may be written
POSITION = Register(56, 2)
VELOCITY = Register(58, 2)
LOAD = Register(60, 2)  # thousandths of full drive, sign in bit 10
VOLTAGE = Register(62, 1)  # tenths of a volt
TEMPERATURE = Register(63, 1)  # degrees Celsius

STS3215 = 777  # what MODEL reads
STEPS = 4096  # of one turn
EEPROM_END = 40  # addresses below survive a power cut, and are written while they are unlocked only

# Bits of the error byte in every answer.
ERRORS = {0: "a wrong voltage", 1: "a broken position sensor", 2: "overheating", 3: "too much current", 5: "overload"}


def steps_per_speed_unit(phase: int) -> int:
    """Steps per second of one unit of SPEED and VELOCITY: 0.0146 or 0.732 revolutions a minute."""
    return 1 if phase & 0b100 else 50
