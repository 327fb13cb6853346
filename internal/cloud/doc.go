// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package cloud is a client of the DBOS Cloud control plane. It knows nothing of Terraform.
//
// One [Client] serves a whole process and is safe for concurrent use. Every method is one operation. It repeats calls
// that are harmless to repeat, looks again after a lost answer, and returns within the deadline of its context. Errors
// of the API are of type [*Error]. No error and no log line holds a token, a password or the value of a secret.
//
// The packages below know nothing of this one. api makes one call: it builds, sends and repeats it, and reads the
// answer. login adds the token to requests, network carries them, share lets callers share one call, and redact hides
// secrets in texts.
package cloud
