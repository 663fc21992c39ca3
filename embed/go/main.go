// Answers the lines of embed/README.md with the plain module, in wazero, which knows no components:
// what the component's interfaces do for others is done here, as docs/core.md says.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: embed MODULE")
		os.Exit(2)
	}
	core, err := Load(context.Background(), os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		call, parts, _ := strings.Cut(lines.Text(), " ")
		fmt.Println(answers[call](core, strings.Split(parts, " ")))
	}
}

var answers = map[string]func(*Core, []string) string{
	"request": request, "response": response, "chunked": chunked, "tokens": tokens,
	"parts": parts, "part-head": partHead,
	"digest": digest, "version": version, "sign": sign, "verify": verify, "hmac": hmac,
	"frame": frame, "mask": mask, "utf8": utf8,
}

func request(core *Core, parts []string) string {
	length := core.Call("parseRequestHead", input, core.Put(input, data(parts[2])),
		number(parts[0]), number(parts[1]))
	if length < 0 {
		return unfinished(core, length)
	}
	query, host := "-", "-"
	if start := core.Word(9); start != 0 {
		query = fmt.Sprintf("%d+%d", start, core.Word(4)+core.Word(5)-start)
	}
	form := []string{"", "origin", "absolute", "authority", "asterisk"}[core.Word(6)]
	if form == "absolute" || core.Word(16)&2 != 0 {
		host = span(core, 20)
	}
	return fmt.Sprintf("head %d method=%s#%d target=%s form=%s path=%s query=%s host=%s %s",
		length, span(core, 1), core.Word(3), span(core, 4), form, span(core, 7), query, host,
		common(core))
}

func response(core *Core, parts []string) string {
	length := core.Call("parseResponseHead", input, core.Put(input, data(parts[2])),
		number(parts[0]), number(parts[1]))
	if length < 0 {
		return unfinished(core, length)
	}
	return fmt.Sprintf("head %d status=%d reason=%s %s", length, core.Word(3), span(core, 4),
		common(core))
}

var flags = []string{"keep-alive", "chunked", "has-length", "expect-continue", "upgrade", "percent",
	"keep-alive-asked", "close-asked", "upgrade-asked", "no-body", "until-close"}

// What both kinds of heads have.
func common(core *Core) string {
	length, bits := "-", core.Word(11)
	if bits&4 != 0 {
		length = fmt.Sprint(uint64(core.Word(13))<<32 | uint64(core.Word(12)))
	}
	var names []string
	for bit, name := range flags {
		if bits>>bit&1 != 0 {
			names = append(names, name)
		}
	}
	return fmt.Sprintf("version=1.%d length=%s flags=%s headers=%s", core.Word(10), length,
		orNone(strings.Join(names, ",")), headerRows(core))
}

func headerRows(core *Core) string {
	var rows []string
	for index := uint32(0); index < core.Word(15); index++ {
		row := 24 + 4*index
		name := core.Word(row + 1)
		rows = append(rows, fmt.Sprintf("%d+%d#%d@%s", core.Word(row), name&0xffff, name>>16,
			span(core, row+2)))
	}
	return orNone(strings.Join(rows, ","))
}

// The state of one body is the decoder's block: put it in before a piece, take it out after.
func chunked(core *Core, parts []string) string {
	state, body, consumed := make([]byte, 4*chunkedWords), []byte{}, int32(0)
	word := func(index int) uint32 { return uint32(state[4*index]) | uint32(state[4*index+1])<<8 }
	for _, piece := range parts[2:] {
		length := core.Put(input, data(piece))
		core.Put(chunkedBlock, state)
		taken := core.Call("decodeChunked", input, length, number(parts[0]), number(parts[1]))
		if taken < 0 {
			return unfinished(core, taken)
		}
		state = core.Bytes(chunkedBlock, 4*chunkedWords)
		body = append(body, core.Bytes(input, int(word(4)))...)
		consumed += taken
		if word(5) == 1 {
			break
		}
	}
	end := "more"
	if word(5) == 1 {
		end = "done"
	}
	return fmt.Sprintf("data %s %d %s", digits(body), consumed, end)
}

// Answers one event for each call. Nobody else uses the scanner's block meanwhile, so it stays there.
func parts(core *Core, parts []string) string {
	delimiter := append([]byte("\r\n--"), data(parts[1])...)
	core.Put(multipartBlock, make([]byte, 4*multipartWords))
	core.Put(multipartBlock+32, delimiter)
	word := func(index uint32) uint32 { return core.Word((multipartBlock-table)/4 + index) }
	kinds := []string{"", "head-piece", "head", "data", "data", "part-end", "parts-end"}
	events := []string{"parts"}
	for _, piece := range parts[2:] {
		length := core.Put(input, data(piece))
		for at := uint64(0); at < length; {
			taken := core.Call("scanMultipart", input+at, length-at, uint64(len(delimiter)),
				number(parts[0]))
			if taken < 0 {
				return fmt.Sprintf("error %s %d", status(taken), at+uint64(core.Word(14)))
			}
			kind, from := word(3), uint32(input+at)
			if kind == 4 {
				from = multipartBlock + 32
			}
			if kind != 0 {
				found := core.Bytes(from+word(4), int(word(5)-word(4)))
				events = append(events, kinds[kind]+":"+digits(found))
			}
			at += uint64(taken)
		}
	}
	return strings.Join(events, " ")
}

// The parser's scans end at a NUL.
func partHead(core *Core, parts []string) string {
	length := core.Put(input, data(parts[1]))
	core.Put(uint32(input+length), []byte{0})
	taken := core.Call("parsePartHead", input, length, number(parts[0]))
	if taken == -1 {
		return fmt.Sprintf("error invalid-argument %d", length)
	}
	if taken < 0 {
		return unfinished(core, taken)
	}
	return "headers " + headerRows(core)
}

func tokens(core *Core, parts []string) string {
	source := core.Put(input, data(parts[0]))
	kinds := []string{"", "text", "expression", "block", "comment", "braces"}
	line, rows := uint64(1), []string{"tokens"}
	for at := uint64(0); at < source; {
		taken := core.Call("tokenize", input+at, source-at, line, 1)
		line = uint64(core.Word(1))
		if taken < 0 {
			return fmt.Sprintf("error %s %d %d", status(taken), at+uint64(core.Word(14)), line)
		}
		for index := uint32(0); index < core.Word(0); index++ {
			row := 24 + 4*index
			rows = append(rows, fmt.Sprintf("%s:%d:%d:%d", kinds[core.Word(row)],
				at+uint64(core.Word(row+1)), at+uint64(core.Word(row+2)), core.Word(row+3)))
		}
		at += uint64(taken)
	}
	return strings.Join(rows, " ")
}

func digest(core *Core, parts []string) string {
	algorithm := map[string]uint64{"sha1": 1, "sha256": 2, "sha512": 3, "blake3": 4}[parts[0]]
	if len(parts) == 2 {
		length := core.Put(input, data(parts[1]))
		return digits(core.Bytes(output, int(core.Call("hash", algorithm, input, length, output))))
	}
	core.Call("hashInit", algorithm)
	for _, piece := range parts[1:] {
		core.Call("hashUpdate", input, core.Put(input, data(piece)))
	}
	return digits(core.Bytes(output, int(core.Call("hashFinal", output))))
}

func version(core *Core, parts []string) string {
	core.Call("contentHash", input, core.Put(input, data(parts[0])), output)
	return string(core.Bytes(output, 32))
}

func sign(core *Core, parts []string) string {
	core.Call("hmacKey", keys, input, core.Put(input, data(parts[3])))
	name, value := core.Put(scratch, data(parts[4])), core.Put(input, data(parts[5]))
	time := math.Float64bits(float64(number(parts[2])))
	var length int32
	if parts[0] == "2" {
		length = core.Call("signValueV2", keys, number(parts[1]), time, scratch, name, input, value,
			output)
	} else {
		length = core.Call("signValueV1", keys, time, scratch, name, input, value, output)
	}
	return digits(core.Bytes(output, int(length)))
}

func verify(core *Core, parts []string) string {
	core.Call("hmacKey", keys, input, core.Put(input, data(parts[3])))
	name, signed := core.Put(scratch, data(parts[4])), core.Put(input, data(parts[5]))
	oldest := math.Float64bits(float64(number(parts[1])))
	newest := math.Float64bits(float64(number(parts[2])))
	length := core.Call("verifyValue", keys, input, signed, scratch, name, number(parts[0]), oldest,
		newest, output)
	if length < 0 {
		return "error " + status(length)
	}
	return digits(core.Bytes(output, int(length)))
}

func hmac(core *Core, parts []string) string {
	core.Call("hmacKey", keys, input, core.Put(input, data(parts[1])))
	length := core.Put(input, data(parts[2]))
	return digits(core.Bytes(output, int(core.Call("hmac", 2, keys, input, length, output))))
}

func frame(core *Core, parts []string) string {
	length := core.Call("parseFrameHead", input, core.Put(input, data(parts[2])), number(parts[0]),
		number(parts[1]))
	if length == -1 {
		return "incomplete"
	}
	if length < 0 {
		return "error " + status(length)
	}
	key := "-"
	if parts[0] == "1" {
		key = fmt.Sprint(core.Word(3))
	}
	return fmt.Sprintf("frame %d opcode=%d final=%d reserved=%d key=%s payload=%d", length,
		core.Word(2), core.Word(0), core.Word(1), key,
		uint64(core.Word(5))<<32|uint64(core.Word(4)))
}

func mask(core *Core, parts []string) string {
	length := core.Put(input, data(parts[2]))
	core.Call("mask", input, length, number(parts[0]), number(parts[1]))
	return digits(core.Bytes(input, int(length)))
}

func utf8(core *Core, parts []string) string {
	state := int32(0)
	for _, piece := range parts {
		state = core.Call("validateUtf8", input, core.Put(input, data(piece)), uint64(state))
		if state < 0 {
			return "invalid"
		}
	}
	if state != 0 {
		return "cut"
	}
	return "complete"
}

func unfinished(core *Core, result int32) string {
	if result == -1 {
		return "incomplete"
	}
	return fmt.Sprintf("error %s %d", status(result), core.Word(14))
}

// Names of the statuses by their number, as core-wasm/status.ts has them.
var statuses = strings.Fields(`need-data bad-request-line bad-method bad-target bad-version
bad-header-name bad-header-value bad-line-end folded-header bad-content-length
bad-transfer-encoding unknown-transfer-coding length-and-coding coding-in-http-10 bad-host
too-many-headers target-too-long bad-chunk-size bad-chunk-end chunk-extension-too-long
trailers-too-large forbidden-trailer bad-status-line unknown-expectation bad-hex bad-base64
malformed bad-signature wrong-name expired bad-timestamp bad-reserved-bits bad-opcode
bad-control-frame bad-masking bad-frame-length bad-utf8 empty-expression empty-block
missing-expression-end missing-block-end missing-comment-end missing-boundary bad-boundary-line
part-head-too-large`)

func status(result int32) string {
	return statuses[-result-1]
}

// The two words from `index` on, a start and a length.
func span(core *Core, index uint32) string {
	return fmt.Sprintf("%d+%d", core.Word(index), core.Word(index+1))
}

func number(text string) uint64 {
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return value
}

func data(digits string) []byte {
	if digits == "-" {
		return nil
	}
	bytes, err := hex.DecodeString(digits)
	if err != nil {
		panic(err)
	}
	return bytes
}

func digits(bytes []byte) string {
	return orNone(hex.EncodeToString(bytes))
}

func orNone(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
