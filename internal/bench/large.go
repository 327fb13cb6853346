// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/archive"
)

// largeRows are what a large application costs.
var largeRows = []row{
	{"hash", "hashing an application of 500 MB, against `sha256sum` of its files", 1.5, "×", hashRatio},
	{"upload", "peak memory of deploying 500 MB", 80, "MB", uploadMemory},
}

// largeSize is of the large application, in MB.
const largeSize = 500

const largeApplication = settings + `
resource "dbos_database_instance" "large" {
  name                = "large"
  username            = "bench"
  password            = "Correct-horse-7"
  deletion_protection = false
}
resource "dbos_application" "large" {
  name                   = "large"
  database_instance_name = dbos_database_instance.large.id
  language               = "node"
}
resource "dbos_application_deployment" "large" {
  application_name = dbos_application.large.id
  source_dir       = "${path.module}/app"
}
`

// largeSite is the site of one large application, which is not applied yet.
func (b *bench) largeSite(ctx context.Context) (*site, error) {
	if b.large != nil {
		return b.large, nil
	}
	s, err := b.open(ctx, "large", largeApplication, 10*time.Millisecond)
	if err != nil {
		return nil, err
	}
	b.large = s
	return s, writeApplication(filepath.Join(s.Dir, "app"), largeSize)
}

// hashRatio hashes as a plan does: the files are found, read and hashed.
func hashRatio(ctx context.Context, b *bench) (float64, string, error) {
	s, err := b.largeSite(ctx)
	if err != nil {
		return 0, "", err
	}
	dir := filepath.Join(s.Dir, "app")
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return 0, "", err
	}
	medians, err := inTurn(3,
		func() error {
			// This process would remember what it has read of files that are unchanged.
			if err := os.Chtimes(files[0], time.Time{}, time.Now()); err != nil {
				return err
			}
			source, err := archive.Open(ctx, dir, archive.Options{})
			if err != nil {
				return err
			}
			_, err = source.Hash(ctx)
			return err
		},
		func() error { return exec.CommandContext(ctx, "sha256sum", files...).Run() })
	if err != nil {
		return 0, "", err
	}
	return medians[0] / medians[1], fmt.Sprintf("%.2f s", medians[0]), nil
}

func uploadMemory(ctx context.Context, b *bench) (float64, string, error) {
	s, err := b.largeSite(ctx)
	if err != nil {
		return 0, "", err
	}
	peak, took, err := b.peak(ctx, s.Workspace, "apply", "-auto-approve")
	return peak, fmt.Sprintf("%d MB in %.1f s", largeSize, took.Seconds()), err
}

// writeApplication writes an application of so many megabytes in files of 25 MB at most, which do not get smaller when
// they are packed.
func writeApplication(dir string, megabytes int) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for name, content := range map[string]string{"package.json": "{}\n", "main.js": "\n", "dbos-config.yaml": "name: large\nlanguage: node\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	files := (megabytes + 24) / 25
	noise := rand.NewChaCha8([32]byte{1})
	for i := range files {
		file, err := os.Create(filepath.Join(dir, fmt.Sprintf("part%02d", i)))
		if err != nil {
			return err
		}
		_, err = io.CopyN(file, noise, int64(megabytes)*1e6/int64(files))
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	return nil
}
