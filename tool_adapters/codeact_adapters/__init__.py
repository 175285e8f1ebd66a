"""Adapters: each makes a `codeact.Toolbox` of something outside, by one function of this package.

`openapi(document)` is for HTTP services that describe themselves, `mcp(server)` for servers of the Model Context
Protocol, `modbus(manifest)` and `mqtt(manifest)` for devices. An adapter of one's own is a class that derives from
`Adapter`, or a function like these. An entry point in the group `codeact.adapters` names each, ours and those of
other distributions alike. What is here is loaded on first use, so that importing this package needs no client
library; the work is done in one private package an adapter.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codeact_adapters._data.browser import browser as browser
    from codeact_adapters._data.directory import directory as directory
    from codeact_adapters._data.sql import sql as sql
    from codeact_adapters._data.sql_errors import SqlError as SqlError
    from codeact_adapters._data.web import WebError as WebError
    from codeact_adapters._data.web import web as web
    from codeact_adapters._devices.adapter import DeviceError as DeviceError
    from codeact_adapters._devices.adapter import DeviceLost as DeviceLost
    from codeact_adapters._devices.adapter import DeviceRefused as DeviceRefused
    from codeact_adapters._devices.adapter import DeviceStopped as DeviceStopped
    from codeact_adapters._devices.adapter import DeviceTimeout as DeviceTimeout
    from codeact_adapters._devices.adapter import modbus as modbus
    from codeact_adapters._devices.adapter import mqtt as mqtt
    from codeact_adapters._devices.adapter import opcua as opcua
    from codeact_adapters._devices.adapter import ros as ros
    from codeact_adapters._devices.adapter import serial as serial
    from codeact_adapters._mcp.adapter import McpError as McpError
    from codeact_adapters._mcp.adapter import mcp as mcp
    from codeact_adapters._openapi.adapter import Auth as Auth
    from codeact_adapters._openapi.adapter import FileUpload as FileUpload
    from codeact_adapters._openapi.adapter import HttpError as HttpError
    from codeact_adapters._openapi.adapter import api_key as api_key
    from codeact_adapters._openapi.adapter import basic as basic
    from codeact_adapters._openapi.adapter import bearer as bearer
    from codeact_adapters._openapi.adapter import oauth2 as oauth2
    from codeact_adapters._openapi.adapter import openapi as openapi
    from codeact_adapters._python.adapter import python as python
    from codeact_adapters._python.foreign import langchain as langchain
    from codeact_adapters._python.foreign import openai_function as openai_function
    from codeact_adapters._python.foreign import smolagents as smolagents
    from codeact_adapters.adapter import Adapter as Adapter
    from codeact_adapters.adapter import Installed as Installed
    from codeact_adapters.adapter import find_adapter as find_adapter
    from codeact_adapters.adapter import installed_adapters as installed_adapters
    from codeact_adapters.adapter import make_toolbox as make_toolbox
    from codeact_adapters.conformance import check_adapter as check_adapter
    from codeact_adapters.manifest import ToolsFileError as ToolsFileError
    from codeact_adapters.manifest import load_tools as load_tools
    from codeact_adapters.options import OptionError as OptionError

_HOME = {
    "Adapter": "adapter",
    "Auth": "_openapi.adapter",
    "DeviceError": "_devices.adapter",
    "DeviceLost": "_devices.adapter",
    "DeviceRefused": "_devices.adapter",
    "DeviceStopped": "_devices.adapter",
    "DeviceTimeout": "_devices.adapter",
    "FileUpload": "_openapi.adapter",
    "HttpError": "_openapi.adapter",
    "Installed": "adapter",
    "McpError": "_mcp.adapter",
    "OptionError": "options",
    "SqlError": "_data.sql_errors",
    "ToolsFileError": "manifest",
    "api_key": "_openapi.adapter",
    "basic": "_openapi.adapter",
    "bearer": "_openapi.adapter",
    "check_adapter": "conformance",
    "WebError": "_data.web",
    "browser": "_data.browser",
    "directory": "_data.directory",
    "find_adapter": "adapter",
    "installed_adapters": "adapter",
    "langchain": "_python.foreign",
    "load_tools": "manifest",
    "make_toolbox": "adapter",
    "mcp": "_mcp.adapter",
    "modbus": "_devices.adapter",
    "oauth2": "_openapi.adapter",
    "mqtt": "_devices.adapter",
    "opcua": "_devices.adapter",
    "openai_function": "_python.foreign",
    "openapi": "_openapi.adapter",
    "python": "_python.adapter",
    "smolagents": "_python.foreign",
    "ros": "_devices.adapter",
    "serial": "_devices.adapter",
    "sql": "_data.sql",
    "web": "_data.web",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    try:
        home = _HOME[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it offers {', '.join(__all__)}") from None
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
