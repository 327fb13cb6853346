// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"bytes"
	"compress/gzip"
	"slices"
)

// Alteration is a way to damage an answer. The status stays.
type Alteration string

// The alterations.
const (
	AlterBreak         Alteration = "break"          // the connection breaks in the middle of the body
	AlterTruncate      Alteration = "truncate"       // the second half of the body is missing, and the length fits
	AlterEmpty         Alteration = "empty"          // there is no body
	AlterNull          Alteration = "null"           // the body is null
	AlterHTML          Alteration = "html"           // the body is an HTML page, as a proxy would send
	AlterTypes         Alteration = "types"          // strings are numbers, numbers and truth values strings
	AlterDuplicateKeys Alteration = "duplicate-keys" // every key comes twice, first with another value
	AlterGzip          Alteration = "gzip"           // the body is compressed, whether asked for or not
	AlterHuge          Alteration = "huge"           // the body is 20 MiB larger
	AlterOmit          Alteration = "omit"           // a list lacks its first element and every second one after it
	AlterRepeat        Alteration = "repeat"         // a list has every element twice
	AlterReverse       Alteration = "reverse"        // a list is in the reverse order
)

// Alterations lists all of them.
var Alterations = []Alteration{
	AlterBreak, AlterTruncate, AlterEmpty, AlterNull, AlterHTML, AlterTypes, AlterDuplicateKeys, AlterGzip, AlterHuge,
	AlterOmit, AlterRepeat, AlterReverse,
}

const (
	proxyPage   = "<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><h1>Welcome</h1></body></html>\n"
	hugePadding = 20 << 20
)

func (a Alteration) apply(answer *bufferedAnswer) {
	body := bytes.Clone(answer.body.Bytes())
	replace := func(body []byte) { answer.body = *bytes.NewBuffer(body) }
	switch a {
	case "":
	case AlterBreak:
		answer.broken = true
		if len(body) == 0 {
			replace([]byte(" \n")) // so that there is a middle
		}
	case AlterTruncate:
		replace(body[:len(body)/2])
	case AlterEmpty:
		replace(nil)
	case AlterNull:
		replace([]byte("null"))
	case AlterHTML:
		answer.header.Set("Content-Type", "text/html; charset=utf-8")
		replace([]byte(proxyPage))
	case AlterGzip:
		answer.header.Set("Content-Encoding", "gzip")
		replace(zipBody(body))
	case AlterHuge:
		replace(pad(body))
	default:
		replace(a.rewrite(body))
	}
}

func zipBody(body []byte) []byte {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write(body) // a bytes.Buffer takes everything
	_ = w.Close()
	return zipped.Bytes()
}

// pad adds a long field to an object, and white space to anything else.
func pad(body []byte) []byte {
	rest, object := bytes.CutPrefix(body, []byte("{"))
	if !object {
		return append(body, bytes.Repeat([]byte(" "), hugePadding)...)
	}
	padding := slices.Concat([]byte(`{"padding":"`), bytes.Repeat([]byte("x"), hugePadding), []byte(`"`))
	if !bytes.HasPrefix(rest, []byte("}")) {
		padding = append(padding, ',')
	}
	return append(padding, rest...)
}
