"""Variables and a method with structures in an OPC UA server, which never learns their types itself: it keeps bytes."""

from __future__ import annotations

import struct
from typing import Any

from asyncua import Server, ua, uamethod
from asyncua.common.structures104 import new_enum, new_struct, new_struct_field


def tip(x: float, y: float) -> bytes:
    return struct.pack("<dd", x, y)


class Structured:
    """What was added. `types` are the encodings' identifiers."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.types: dict[str, ua.NodeId] = {}
        self.nodes: dict[str, Any] = {}

    async def add(self) -> None:
        """Before the server is started."""
        server = self.server
        kinds, field = ua.VariantType, new_struct_field
        mode = await new_enum(server, 2, "Mode", ["soft", "hard"])
        tips = await self.kind("Tip", [field("x", kinds.Double), field("y", kinds.Double)])
        target = [field("width", kinds.Float), field("Grip-Mode", mode), field("label", kinds.String)]
        target += [field("steps", kinds.Int16, array=True), field("tip", tips)]
        targets = await self.kind("Target", target)
        state = [field("since", kinds.DateTime), field("force", kinds.Double, optional=True)]
        states = await self.kind("State", [*state, field("note", kinds.String, True), field("count", kinds.UInt32)])
        await self.kind("Strange", [field("anything", kinds.Variant)])
        node = await server.nodes.objects.add_object("ns=2;s=Gripper", "Gripper")

        async def variable(name: str, data_type: Any, value: Any) -> None:
            made = await node.add_variable(f"ns=2;s={name}", name, value, datatype=data_type.nodeid)
            await made.set_writable()
            self.nodes[name] = made

        await variable("Target", targets, self.target(0.0))
        await variable("Path", tips, [self.of("Tip", tip(0, 0))])
        await variable("State", states, self.state(1))
        await variable("Strange", server.get_node(self.strange), self.of("Tip", b""))
        await variable("Limits", server.get_node(ua.NodeId(ua.ObjectIds.Range)), ua.Range(1.0, 2.0))

        @uamethod
        async def mirror(_parent: Any, of: Any) -> Any:
            assert of.TypeId == self.types["Tip"]
            x, y = struct.unpack("<dd", of.Body)
            return self.of("Tip", tip(y, x))

        takes, gives = ua.Argument(), ua.Argument()
        takes.Name, takes.DataType, gives.Name, gives.DataType = "of", tips.nodeid, "mirrored", tips.nodeid
        await node.add_method("ns=2;s=Mirror", "Mirror", mirror, [takes], [gives])

    async def kind(self, name: str, fields: list[Any]) -> Any:
        kind, (encoding,) = await new_struct(self.server, 2, name, fields)
        self.types[name] = encoding.nodeid
        if name == "Strange":
            self.strange = kind.nodeid
        return kind

    def of(self, name: str, body: bytes) -> ua.ExtensionObject:
        return ua.ExtensionObject(TypeId=self.types[name], Body=ua.ByteString(body))

    def target(self, width: float) -> ua.ExtensionObject:
        return self.of("Target", struct.pack("<fii", width, 1, -1) + struct.pack("<i2h", 2, 3, 4) + tip(0.25, -1.5))

    def state(self, mask: int) -> ua.ExtensionObject:
        force = struct.pack("<d", 2.5) if mask & 1 else b""
        return self.of("State", struct.pack("<IQ", mask, 7) + force + struct.pack("<iI", -1, 9))
