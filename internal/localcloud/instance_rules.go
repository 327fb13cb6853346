// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"regexp"
	"slices"
	"strings"
)

var (
	instanceName       = regexp.MustCompile(`^[a-z0-9_]{3,16}$`)
	legacyInstanceName = regexp.MustCompile(`^[a-z0-9_-]{3,30}$`) // older instances, and links of any age
	username           = regexp.MustCompile(`^[a-z][a-z0-9_]{2,15}$`)
	reservedUsernames  = []string{"dbosadmin", "dbos", "postgres", "admin", "public", "none"}
)

func (s *Server) checkInstanceName(name string) error {
	switch {
	case s.options.LegacyNames && legacyInstanceName.MatchString(name), instanceName.MatchString(name):
		return nil
	default:
		return badRequest("invalid database instance name %q: 3 to 16 characters of a-z, 0-9 and _", name)
	}
}

func checkLinkName(name string) error {
	if !legacyInstanceName.MatchString(name) {
		return badRequest("invalid database name %q: 3 to 30 characters of a-z, 0-9, _ and -", name)
	}
	return nil
}

func checkUsername(name string) error {
	switch {
	case !username.MatchString(name):
		return badRequest("invalid database username %q: 3 to 16 characters of a-z, 0-9 and _, the first a letter", name)
	case strings.HasPrefix(name, "pg_"):
		return badRequest("invalid database username %q: PostgreSQL keeps names that begin with pg_ for itself", name)
	case slices.Contains(reservedUsernames, name):
		return badRequest("invalid database username %q: it is reserved", name)
	default:
		return nil
	}
}

// checkPassword never quotes the password in an error.
func checkPassword(password string) error {
	if len(password) < 8 || len(password) > 128 {
		return badRequest("invalid password: 8 to 128 characters")
	}
	for _, c := range []byte(password) {
		if c <= ' ' || c > '~' || slices.Contains([]byte("/\\\"'@"), c) {
			return badRequest("invalid password: only printable ASCII characters, none of / \\ \" ' @ and no white space")
		}
	}
	return nil
}
