// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package api makes one call to the control plane of DBOS Cloud. It knows how calls are made, and not which there are.
//
// A call goes through the files in this order: request builds it, retry sends it and decides on repeats, attempt is one
// exchange on the wire with its log line, answer reads what came back, and classify says what a failure means. The error of
// a call is an [*Error]. No error and no log line holds a token, a password or a secret's value.
package api
