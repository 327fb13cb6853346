// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package api makes one call to the control plane of DBOS Cloud. It knows how to make a call. The package above knows
// which calls there are.
//
// A call passes through the files in this order. request builds it. retry sends it and decides on repeats. attempt
// carries out one request on the wire, and log writes its log line. answer reads the response, and classify decides
// what a failure means. The error of a call is an [*Error]. No error and no log line holds a token, a password or the
// value of a secret.
package api
