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
		{"method", &f.Method, "affect only requests with this `method`"},
		{"path", &f.Path, "affect only requests whose path matches this `pattern`"},
		{"skip", &f.Skip, "first let `n` matching requests succeed"},
		{"times", &f.Times, "affect `n` requests, then no more; 0 is no limit"},
		{"for", &f.For, "stop this long after the first affected request; 0 is no limit"},
		{"chance", &f.Chance, "affect a request with this `probability`, such as 0.05; 0 is always"},
		{"rate", &f.Rate, "let `n` requests a second succeed and affect the others; 0 is affect all"},
		{"latency", &f.Latency, "wait this long before anything else"},
		{"jitter", &f.Jitter, "wait longer by a random time up to this"},
		{"trickle", &f.Trickle, "send the answer byte by byte, with this pause between two bytes"},
		{"drop", &f.Drop, "do not carry out the request; break the connection"},
		{"lose", &f.Lose, "carry out the request, then break the connection without an answer"},
		{"hang", &f.Hang, "never answer; end when the client disconnects"},
		{"status", &f.Status, "do not carry out the request; answer with this status `code`"},
		{"header", &f.Header, "with --status: a header, `NAME=VALUE`; may be repeated"},
		{"body", &f.Body, "with --status: the `body` of the answer, verbatim"},
		{"retry-after", &f.RetryAfter, "with --status: the header Retry-After, in seconds"},
		{"retry-date", &f.RetryDate, "with --retry-after: as a date"},
		{"after", &f.After, "with --status: carry out the request first; with --hang: carry it out when the client has disconnected"},
		{"alter", &f.Alter, fmt.Sprintf("carry out the request and change its answer: `kind` is one of %v", localcloud.Alterations)},
		{"unseen", &f.Unseen, "hide new objects from reads for this long"},
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
