// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// faultFlag is the flag of one field of a fault.
type faultFlag struct {
	name  string
	field any // a pointer to the field
	usage string
}

// faultFlags are the flags of all fields, in the order in which a fault is listed.
func faultFlags(f *localcloud.Fault) []faultFlag {
	return []faultFlag{
		{"method", &f.Method, "hit requests of this `method` only"},
		{"path", &f.Path, "hit requests whose path matches this `pattern` only"},
		{"skip", &f.Skip, "let `n` matching requests by first"},
		{"times", &f.Times, "hit `n` requests, then no more; 0 is without end"},
		{"for", &f.For, "hit nothing any more so long after the first hit; 0 is without end"},
		{"chance", &f.Chance, "hit a request with this `probability`, such as 0.05; 0 is always"},
		{"rate", &f.Rate, "let `n` requests a second by and hit the others; 0 is hit all"},
		{"latency", &f.Latency, "wait so long before anything else"},
		{"jitter", &f.Jitter, "wait up to so much longer, by chance"},
		{"trickle", &f.Trickle, "send the answer byte by byte, so long apart"},
		{"drop", &f.Drop, "break the connection without carrying the request out"},
		{"lose", &f.Lose, "carry the request out, then break the connection without an answer"},
		{"hang", &f.Hang, "never answer; end when the client goes away"},
		{"status", &f.Status, "answer this status `code` and do not carry the request out"},
		{"header", &f.Header, "with --status: a header, `NAME=VALUE`; may be repeated"},
		{"body", &f.Body, "with --status: the `body` of the answer, verbatim"},
		{"retry-after", &f.RetryAfter, "with --status: the header Retry-After, in seconds"},
		{"retry-date", &f.RetryDate, "with --retry-after: as a date"},
		{"after", &f.After, "with --status: carry the request out first; with --hang: once the client has gone away"},
		{"alter", &f.Alter, fmt.Sprintf("carry the request out and change its answer: `kind` is one of %v", localcloud.Alterations)},
		{"unseen", &f.Unseen, "let reads not show objects that were made less than so long ago"},
	}
}

func defineFaultFlags(flags *flag.FlagSet, f *localcloud.Fault) {
	for _, flag := range faultFlags(f) {
		switch field := flag.field.(type) {
		case *string:
			flags.StringVar(field, flag.name, "", flag.usage)
		case *int:
			flags.IntVar(field, flag.name, 0, flag.usage)
		case *float64:
			flags.Float64Var(field, flag.name, 0, flag.usage)
		case *bool:
			flags.BoolVar(field, flag.name, false, flag.usage)
		case *time.Duration:
			flags.DurationVar(field, flag.name, 0, flag.usage)
		case *localcloud.Alteration:
			flags.StringVar((*string)(field), flag.name, "", flag.usage)
		case *map[string]string:
			flags.Func(flag.name, flag.usage, func(header string) error { return addHeader(field, header) })
		}
	}
}

func addHeader(headers *map[string]string, header string) error {
	name, value, ok := strings.Cut(header, "=")
	if !ok {
		return errors.New("it is not NAME=VALUE")
	}
	if *headers == nil {
		*headers = map[string]string{}
	}
	(*headers)[name] = value
	return nil
}

// inFlags writes a fault as the flags that would add it.
func inFlags(a localcloud.ActiveFault) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d: %d hits:", a.ID, a.Hits)
	for _, flag := range faultFlags(&a.Fault) {
		value := reflect.ValueOf(flag.field).Elem()
		switch {
		case value.IsZero():
		case value.Kind() == reflect.Bool:
			fmt.Fprintf(&b, " --%s", flag.name)
		case value.Kind() == reflect.Map:
			for _, name := range slices.Sorted(maps.Keys(a.Fault.Header)) {
				fmt.Fprintf(&b, " --%s %s=%s", flag.name, name, a.Fault.Header[name])
			}
		case flag.name == "body":
			fmt.Fprintf(&b, " --%s %q", flag.name, value.Interface())
		default:
			fmt.Fprintf(&b, " --%s %v", flag.name, value.Interface())
		}
	}
	return b.String()
}
