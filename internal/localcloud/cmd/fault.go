// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

const aboutFault = `dbos-localcloud fault rehearses an incident: requests to a running local cloud fail.

It finds the local cloud by --state-dir, or by the environment that "up" prints:
DBOS_ENDPOINT, DBOS_TOKEN or DBOS_REFRESH_TOKEN, DBOS_CA_CERTIFICATE_FILE.`

const aboutAdd = `dbos-localcloud fault add lets requests fail from now on, and prints the fault's id.

A path is a pattern for what follows /v1alpha1/ORGANIZATION/, such as
"databases/userdb/info/*", "databases/userdb" or "applications/*"; the profile is
"user/profile", the exchange of tokens "oauth/token". A * does not match a slash.

  # The answer to the next create is lost:
  dbos-localcloud fault add --method POST --path databases/userdb --times 1 --lose
  # Every read takes two seconds:
  dbos-localcloud fault add --method GET --latency 2s
  # The service throttles:
  dbos-localcloud fault add --status 429 --header Retry-After=5 --times 20`

func fault(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch command {
	case "add":
		return addFault(ctx, args, stdout, stderr)
	case "list":
		return listFaults(ctx, args, stdout, stderr)
	case "clear":
		return clearFaults(ctx, args, stderr)
	case "-h", "-help", "--help", "help":
		_, err := io.WriteString(stdout, aboutFault+"\n\n"+usage)
		return err
	default:
		_, err := io.WriteString(stderr, aboutFault+"\n\n"+usage)
		return errors.Join(errUsage, err)
	}
}

// faultBody is a fault as the local cloud takes and lists it.
type faultBody struct {
	ID      int               `json:"id,omitempty"`
	Hits    int               `json:"hits,omitempty"`
	Method  string            `json:"method,omitempty"`
	Path    string            `json:"path,omitempty"`
	Skip    int               `json:"skip,omitempty"`
	Times   int               `json:"times,omitempty"`
	Latency string            `json:"latency,omitempty"`
	Lose    bool              `json:"lose,omitempty"`
	Drop    bool              `json:"drop,omitempty"`
	Hang    bool              `json:"hang,omitempty"`
	Status  int               `json:"status,omitempty"`
	Header  map[string]string `json:"header,omitempty"`
	Body    string            `json:"body,omitempty"`
	After   bool              `json:"after,omitempty"`
}

func addFault(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var f faultBody
	flags := newFlags("fault add", aboutAdd, stderr)
	stateDir := flags.String("state-dir", "", "state `folder` of the local cloud")
	flags.StringVar(&f.Method, "method", "", "requests of this `method` only")
	flags.StringVar(&f.Path, "path", "", "requests whose path matches this `pattern` only")
	flags.IntVar(&f.Skip, "skip", 0, "let `n` matching requests by first")
	flags.IntVar(&f.Times, "times", 0, "hit `n` requests, then no more; 0 is without end")
	latency := flags.Duration("latency", 0, "wait this long before anything else")
	flags.BoolVar(&f.Lose, "lose", false, "carry the request out, then break the connection without an answer")
	flags.BoolVar(&f.Drop, "drop", false, "break the connection without carrying the request out")
	flags.BoolVar(&f.Hang, "hang", false, "never answer until the client goes away")
	flags.IntVar(&f.Status, "status", 0, "answer this status `code` and do not carry the request out")
	flags.Func("header", "with --status: a header, `NAME=VALUE`; may be repeated", func(header string) error {
		name, value, ok := strings.Cut(header, "=")
		if !ok {
			return errors.New("it is not NAME=VALUE")
		}
		if f.Header == nil {
			f.Header = map[string]string{}
		}
		f.Header[name] = value
		return nil
	})
	flags.StringVar(&f.Body, "body", "", "with --status: the `body` of the answer, verbatim")
	flags.BoolVar(&f.After, "after", false, "with --status: carry the request out all the same")
	if err := parse(flags, args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		_, _ = fmt.Fprintf(stderr, "fault add takes no argument, and got %q\n", flags.Arg(0))
		return errUsage
	}
	f.Method = strings.ToUpper(f.Method)
	if *latency != 0 {
		f.Latency = latency.String()
	}
	cloud, err := connect(*stateDir)
	if err != nil {
		return err
	}
	var added faultBody
	if err := cloud.call(ctx, http.MethodPost, "faults", f, &added); err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, added.ID)
	return err
}
