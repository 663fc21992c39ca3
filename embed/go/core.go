package main

import (
	"context"
	"encoding/binary"
	"os"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Places of the module's memory that this program uses, and words of its table, as
// core-wasm/layout.ts has them and docs/core.md explains them.
const (
	table   = 32 * 1024
	keys    = 40 * 1024
	scratch = 48 * 1024
	input   = 192 * 1024
	output  = 448 * 1024

	multipartBlock = chunkedBlock + 64
	multipartWords = 6
	chunkedBlock   = table + 8*1024 - 256
	chunkedWords   = 8
)

// Core is an instance of the plain module: bytes are put into its memory, numbers are passed, and
// results are read from its memory.
type Core struct {
	context context.Context
	module  api.Module
	memory  api.Memory
}

// Load compiles the module and makes an instance. It imports nothing.
func Load(ctx context.Context, file string) (*Core, error) {
	binary, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	module, err := wazero.NewRuntime(ctx).Instantiate(ctx, binary)
	if err != nil {
		return nil, err
	}
	return &Core{ctx, module, module.Memory()}, nil
}

// Call calls an export with integers and answers its result, a count or a status below zero.
func (core *Core) Call(name string, values ...uint64) int32 {
	results, err := core.module.ExportedFunction(name).Call(core.context, values...)
	if err != nil {
		panic(err)
	}
	if len(results) == 0 {
		return 0
	}
	return int32(results[0])
}

// Put writes bytes and answers how many they are.
func (core *Core) Put(at uint32, data []byte) uint64 {
	if !core.memory.Write(at, data) {
		panic("the bytes lie outside of the core's memory")
	}
	return uint64(len(data))
}

// Bytes copies bytes of the memory.
func (core *Core) Bytes(at uint32, length int) []byte {
	view, ok := core.memory.Read(at, uint32(length))
	if !ok {
		panic("the bytes lie outside of the core's memory")
	}
	return append([]byte{}, view...)
}

// Word reads a word of the table.
func (core *Core) Word(index uint32) uint32 {
	return binary.LittleEndian.Uint32(core.Bytes(table+4*index, 4))
}
