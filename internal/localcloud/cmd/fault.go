// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
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
  # The service throttles: it takes 20 requests a second.
  dbos-localcloud fault add --rate 20 --status 429 --retry-after 5s
  # One answer in twenty is lost, for ten minutes:
  dbos-localcloud fault add --chance 0.05 --for 10m --lose
  # New objects can be seen only after five seconds:
  dbos-localcloud fault add --method GET --unseen 5s
  # Lists lack some of their elements:
  dbos-localcloud fault add --method GET --path databases --alter omit
  # A proxy redirects to another host:
  dbos-localcloud fault add --status 307 --header Location=https://elsewhere.example/`

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

func addFault(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var f localcloud.Fault
	flags := newFlags("fault add", aboutAdd, stderr)
	stateDir := flags.String("state-dir", "", "state `folder` of the local cloud")
	faultFlags(flags, &f)
	if err := parseAlone(flags, args); err != nil {
		return err
	}
	f.Method = strings.ToUpper(f.Method)
	cloud, err := connect(*stateDir)
	if err != nil {
		return err
	}
	var added localcloud.ActiveFault
	if err := cloud.call(ctx, http.MethodPost, "faults", f, &added); err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, added.ID)
	return err
}

// faultFlags are the fields of a fault as flags.
func faultFlags(flags *flag.FlagSet, f *localcloud.Fault) {
	flags.StringVar(&f.Method, "method", "", "hit requests of this `method` only")
	flags.StringVar(&f.Path, "path", "", "hit requests whose path matches this `pattern` only")
	flags.IntVar(&f.Skip, "skip", 0, "let `n` matching requests by first")
	flags.IntVar(&f.Times, "times", 0, "hit `n` requests, then no more; 0 is without end")
	flags.DurationVar(&f.For, "for", 0, "hit nothing any more so long after the first hit; 0 is without end")
	flags.Float64Var(&f.Chance, "chance", 0, "hit a request with this `probability`, such as 0.05; 0 is always")
	flags.Float64Var(&f.Rate, "rate", 0, "let `n` requests a second by and hit the others; 0 is hit all")
	flags.DurationVar(&f.Latency, "latency", 0, "wait so long before anything else")
	flags.DurationVar(&f.Jitter, "jitter", 0, "wait up to so much longer, by chance")
	flags.DurationVar(&f.Trickle, "trickle", 0, "send the answer byte by byte, so long apart")
	flags.BoolVar(&f.Drop, "drop", false, "break the connection without carrying the request out")
	flags.BoolVar(&f.Lose, "lose", false, "carry the request out, then break the connection without an answer")
	flags.BoolVar(&f.Hang, "hang", false, "never answer; end when the client goes away")
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
	flags.DurationVar(&f.RetryAfter, "retry-after", 0, "with --status: the header Retry-After, in seconds")
	flags.BoolVar(&f.RetryDate, "retry-date", false, "with --retry-after: as a date")
	flags.BoolVar(&f.After, "after", false, "with --status: carry the request out first; with --hang: once the client has gone away")
	flags.Func("alter", fmt.Sprintf("carry the request out and change its answer: `kind` is one of %v", localcloud.Alterations), func(kind string) error {
		f.Alter = localcloud.Alteration(kind)
		return nil
	})
	flags.DurationVar(&f.Unseen, "unseen", 0, "let reads not show objects that were made less than so long ago")
}
