// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"context"
	"fmt"
	"io"
	"net"
	"regexp"
	"time"
)

// The values of Options.Backend.
const (
	backendPostgres  = "postgres"
	backendSimulated = "simulated"
)

// Options say how a local cloud is started. The zero value is a local cloud with real servers in a temporary folder.
type Options struct {
	Listen        string        // loopback only; "" = 127.0.0.1 with the port of the previous start if that is free
	StateDir      string        // "" = a temporary folder, removed at the end
	Backend       string        // "postgres" or "simulated"; "" = postgres
	TLS           bool          // speak HTTPS with a certificate of the local cloud's own CA
	ProvisionTime time.Duration // how long the creation of an instance takes at least; 0 = 2s
	Retention     time.Duration // how far back a restore reaches; 0 = 24h
	TokenLifetime time.Duration // of access tokens; 0 = 24h
	Organization  string        // "" = local
	PostgresBin   string        // folder of PostgreSQL's programs; "" = search for it
	LegacyNames   bool          // also accept new names that only the rule of older objects allows
	Listener      net.Listener  // in the place of Listen, with a loopback address; for tests without a network
	Volatile      bool          // keep the state in memory only, so that a restart finds nothing; for tests
	KeepBodies    bool          // record Request.Header and Request.Body, secrets and all; for tests
	LegacyRecords bool          // answer the records of database instances as older servers do
	Log           io.Writer     // nil = discard

	lag func(context.Context) bool // what Server.lag does; for tests, to which a part of ProvisionTime may be too short
}

// Connection is what a client needs to reach a local cloud.
type Connection struct {
	Endpoint        string `json:"endpoint"`
	Token           string `json:"token"`
	RefreshToken    string `json:"refresh_token"`
	AuthEndpoint    string `json:"auth_endpoint"`
	Organization    string `json:"organization"`
	CAFile          string `json:"ca_file"`
	CredentialsFile string `json:"credentials_file"`
}

var organizationName = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

func (o Options) withDefaults() Options {
	setDefault(&o.Listen, "127.0.0.1:0")
	setDefault(&o.Backend, backendPostgres)
	setDefault(&o.ProvisionTime, 2*time.Second)
	setDefault(&o.Retention, 24*time.Hour)
	setDefault(&o.TokenLifetime, 24*time.Hour)
	setDefault(&o.Organization, "local")
	if o.Log == nil {
		o.Log = io.Discard
	}
	return o
}

func setDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

func (o Options) check() error {
	if o.Backend != backendPostgres && o.Backend != backendSimulated {
		return fmt.Errorf("unknown backend %q: use %s or %s", o.Backend, backendPostgres, backendSimulated)
	}
	if !organizationName.MatchString(o.Organization) {
		return fmt.Errorf("organization %q: use only a-z, 0-9, - and _ in the name", o.Organization)
	}
	if o.Organization == "user" {
		return fmt.Errorf("organization %q: the API uses this name in other paths; choose another", o.Organization)
	}
	return checkLoopback(o.Listen)
}
