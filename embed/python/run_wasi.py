"""Runs a WASI program in wasmtime, with this process's output: `run_wasi.py PROGRAM`."""

import sys

from wasmtime import Engine, ExitTrap, Linker, Module, Store, WasiConfig

engine = Engine()
store = Store(engine)
config = WasiConfig()
config.inherit_stdout()
config.inherit_stderr()
store.set_wasi(config)
linker = Linker(engine)
linker.define_wasi()
instance = linker.instantiate(store, Module.from_file(engine, sys.argv[1]))
try:
    instance.exports(store)["_start"](store)
except ExitTrap as end:
    sys.exit(end.code)
