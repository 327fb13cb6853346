// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package postgres

import "syscall"

// PID is the process of a running server.
func PID(s *Server) int { return s.process.pid }

// Abandon lets go of a server as the death of this process would, but where
// nothing ends the server: it stays running.
func Abandon(s *Server) error { return syscall.Flock(int(s.lock.Fd()), syscall.LOCK_UN) }
