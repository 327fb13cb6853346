// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

const aboutUp = `dbos-localcloud up runs a local cloud in the foreground, until Ctrl-C.

When it is ready, it prints the environment variables to paste, or one line with
--json. With --state-dir, it keeps everything for the next start. Without it, it
deletes everything when it stops. It writes its log to standard error.`

func up(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o localcloud.Options
	flags := newFlags("up", aboutUp, stderr)
	serverFlags(flags, &o)
	asJSON := flags.Bool("json", false, "print the connection as one line of JSON")
	if err := parseAlone(flags, args); err != nil {
		return err
	}
	o.Log = stderr
	ctx, cancel := withParent(ctx)
	defer cancel()
	server, err := localcloud.Start(ctx, o)
	if err != nil {
		return err
	}
	if err := announce(stdout, server.Connection(), *asJSON); err != nil {
		_ = server.Close()
		return err
	}
	<-ctx.Done()
	// A second signal hurries the shutdown, which still leaves nothing behind.
	hurry, stop := untilSignal(context.WithoutCancel(ctx))
	defer stop()
	return server.Shutdown(hurry)
}

// serverFlags defines the flags of up and run for the options of a local cloud.
func serverFlags(flags *flag.FlagSet, o *localcloud.Options) {
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:0", "loopback `address` to listen on; port 0 is the port of the previous start, or a free one")
	folderFlag(flags, &o.StateDir, "state-dir", "`folder` that keeps everything for the next start; default: a temporary one")
	flags.StringVar(&o.Backend, "backend", "postgres", "`postgres` for real servers, simulated for none")
	flags.BoolVar(&o.TLS, "tls", false, "speak HTTPS, as the DBOS Cloud CLI does")
	durationFlag(flags, &o.ProvisionTime, "provision-time", "minimum `duration` to provision an instance (default 2s)")
	durationFlag(flags, &o.Retention, "retention", "how far back a restore can go, a `duration` (default 24h)")
	flags.StringVar(&o.Organization, "organization", "local", "`name` of the organization")
	folderFlag(flags, &o.PostgresBin, "postgres-bin", "`folder` of PostgreSQL's programs; default: search for it")
	durationFlag(flags, &o.TokenLifetime, "token-lifetime", "how long an access token is valid, a `duration` (default 24h)")
	flags.BoolVar(&o.LegacyNames, "legacy-names", false, "create objects with names that only older objects may have, too")
	flags.BoolVar(&o.LegacyRecords, "legacy-records", false, "return database instances in the form of older servers")
}

// durationFlag defines a flag for a duration of Options, where 0 stands for the default. The flag's own 0 is therefore
// one nanosecond.
func durationFlag(flags *flag.FlagSet, option *time.Duration, name, usage string) {
	flags.Func(name, usage, func(value string) error {
		d, err := time.ParseDuration(value)
		if err == nil && d < 0 {
			err = errors.New("it is negative")
		}
		*option = max(d, 1)
		return err
	})
}

func announce(w io.Writer, c localcloud.Connection, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(c)
	}
	_, err := io.WriteString(w, environment(c))
	return err
}

// environment is the text that a user pastes into a shell.
func environment(c localcloud.Connection) string {
	var b strings.Builder
	export := func(name, value string) { fmt.Fprintf(&b, "export %s=%s\n", name, quote(value)) }
	b.WriteString("# The local cloud is ready; Ctrl-C stops it. For Terraform and \"dbos-localcloud fault\":\n")
	export("DBOS_ENDPOINT", c.Endpoint)
	export("DBOS_TOKEN", c.Token)
	export("DBOS_REFRESH_TOKEN", c.RefreshToken)
	export("DBOS_ORGANIZATION", c.Organization)
	if c.CAFile == "" {
		b.WriteString("# The DBOS Cloud CLI needs HTTPS: to use it, start with --tls.\n")
		return b.String()
	}
	export("DBOS_CA_CERTIFICATE_FILE", c.CAFile)
	b.WriteString("# For the DBOS Cloud CLI, in the application's folder:\n")
	export("DBOS_DOMAIN", strings.TrimPrefix(c.Endpoint, "https://"))
	export("NODE_EXTRA_CA_CERTS", c.CAFile)
	fmt.Fprintf(&b, "mkdir -p .dbos && cp %s .dbos/credentials\n", quote(c.CredentialsFile))
	return b.String()
}

func quote(value string) string { return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'" }
