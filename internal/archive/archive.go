// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package archive packs an application's directory for a deployment: which files belong to it, a hash of their content,
// and a zip archive of them. It knows neither Terraform nor HTTP.
//
// The files are those that the dbos-cloud CLI sends, except Terraform's own. Hash and archive depend only on names,
// contents and the executable bit: not on times, owners, other mode bits, the order of directories, the place of the
// checkout, the environment, or the Go release. Therefore
//
//   - entries are sorted by the bytes of their names, have fixed times and one of the modes 0755 and 0644;
//   - files are deflated by a compressor whose version go.mod pins, at one fixed level, or stored if that makes them no
//     smaller. To store all of them would be simpler, but uploads would be up to four times as large, and applications
//     that the CLI can deploy would exceed the size limit.
//
// The files are read once, on all cores. Their deflated content goes to a nameless temporary file, from which the
// archive is made while it is sent. So the archive contains exactly what was hashed, and little of it is in memory.
package archive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// configName is where the service looks for the configuration.
const configName = "dbos-config.yaml"

// Options say how to read a directory.
type Options struct {
	// ConfigFile is the application's configuration, absolute or relative to the directory; "" means dbos-config.yaml.
	// Its name in the archive is always dbos-config.yaml.
	ConfigFile string
	// Variables fill ${NAME} in the configuration.
	Variables map[string]string
}

// Source is an application's directory as it was when it was opened. The contents of the files are read later.
type Source struct {
	entries   []entry
	deadLinks []string
	config    Config
	limit     int64
	shared    *readings
}

// Open finds the files to deploy and makes the checks that the CLI makes. It does not read the files, except the few
// that it checks. Errors name the file, relative to the directory, and the line if there is one.
func Open(ctx context.Context, dir string, o Options) (*Source, error) {
	root, err := filepath.EvalSymlinks(dir)
	if err == nil {
		root, err = filepath.Abs(root)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot open the source directory: %w", err)
	}
	if info, err := os.Stat(root); err != nil {
		return nil, fmt.Errorf("cannot open the source directory: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("the source directory %s is a file", dir)
	}

	file, text, err := readConfig(root, o)
	if err != nil {
		return nil, err
	}
	config, err := parseConfig(file, text)
	if err != nil {
		return nil, err
	}
	ignored, err := readIgnoreFile(root)
	if err != nil {
		return nil, err
	}
	w := &walker{ctx: ctx, root: root, ignored: ignored}
	if err := w.walk(); err != nil {
		return nil, err
	}
	s := &Source{entries: w.entries, deadLinks: w.dead, config: config, limit: sizeLimit, shared: shared}
	s.entries = append(s.entries, entry{name: configName, content: []byte(text)})
	if err := s.checkLanguage(root, file); err != nil {
		return nil, err
	}
	return s, s.sort()
}

// Config is what the configuration says about the application.
func (s *Source) Config() Config {
	return s.config
}

// DeadLinks names the links that lead nowhere. They are left out.
func (s *Source) DeadLinks() []string {
	return s.deadLinks
}

func readIgnoreFile(root string) (*ignoreList, error) {
	text, err := os.ReadFile(filepath.Join(root, ignoreFile))
	if errors.Is(err, os.ErrNotExist) {
		return &ignoreList{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", ignoreFile, reason(err))
	}
	return parseIgnore(string(text))
}
