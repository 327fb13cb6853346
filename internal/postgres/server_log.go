// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"bytes"
	"errors"
	"os"
)

// openLog opens the log for another run, and truncates it if it has grown large.
func (p *process) openLog() (*os.File, error) {
	const large = 1 << 20
	log, err := os.OpenFile(p.log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := log.Stat()
	if err == nil && info.Size() > large {
		err = log.Truncate(0)
	} else if err == nil {
		p.logStart = info.Size()
	}
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return log, nil
}

// logTail is the end of the log of this run.
func (p *process) logTail() string {
	content, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return tail(content[min(int(p.logStart), len(content)):])
}

func tail(log []byte) string {
	const lines = 20
	all := bytes.Split(bytes.TrimSpace(log), []byte("\n"))
	return string(bytes.Join(all[max(0, len(all)-lines):], []byte("\n")))
}
