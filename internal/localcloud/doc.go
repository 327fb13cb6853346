// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package localcloud is a local stand-in for DBOS Cloud: a server on this machine that speaks the DBOS Cloud
// control-plane API, for tests, for rehearsals and for the DBOS Cloud CLI.
//
// It shares no code with the client in internal/cloud, so that a misspelt field cannot pass on both sides. It has three
// layers: the HTTP adapter (server.go, routes.go), the rules of each object (instance.go, application.go and their
// neighbours) over one stored state (store.go), and the servers behind the instances (the packages below backend).
package localcloud
