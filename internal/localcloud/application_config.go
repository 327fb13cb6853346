// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"archive/zip"
	"errors"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
)

// config is the part of a dbos-config.yaml that a deploy needs.
type config struct {
	AppDBName string
	Migrate   []string
}

const (
	configFile    = "dbos-config.yaml"
	largestConfig = 1 << 20
)

func readConfig(archive string) (config, error) {
	files, err := zip.OpenReader(archive)
	var disk *fs.PathError
	if errors.As(err, &disk) {
		return config{}, err
	}
	if err != nil {
		return config{}, badRequest("application_archive is not a zip archive")
	}
	defer func() { _ = files.Close() }()
	if err := backend.CheckArchive(files.File); err != nil {
		return config{}, badArchive(err)
	}
	file, err := files.Open(configFile)
	if errors.Is(err, fs.ErrNotExist) {
		return config{}, badRequest("the application archive has no %s", configFile)
	}
	if err != nil {
		return config{}, badRequest("%s in the application archive: %s", configFile, err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, largestConfig+1))
	if err != nil {
		return config{}, badRequest("%s in the application archive: %s", configFile, err)
	}
	if len(text) > largestConfig {
		return config{}, badRequest("%s in the application archive is larger than %d bytes", configFile, largestConfig)
	}
	var document struct {
		Database struct {
			AppDBName string   `yaml:"app_db_name"`
			Migrate   []string `yaml:"migrate"`
		} `yaml:"database"`
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		return config{}, badRequest("%s in the application archive: %s", configFile, err)
	}
	return config{AppDBName: document.Database.AppDBName, Migrate: document.Database.Migrate}, nil
}

func badArchive(err error) error {
	return badRequest("the application archive cannot be unpacked: %s", err)
}

// systemDatabases are on every server. An application that had one of them would drop it with itself.
var systemDatabases = []string{"postgres", "template0", "template1"}

var notInDatabaseName = regexp.MustCompile(`[^a-z0-9_]`)

// databaseName is the database that a deploy uses: the one that the application already has, else the configured one,
// else one named after the application.
func (a application) databaseName(c config) (string, error) {
	switch {
	case a.Database == "" && c.AppDBName == "":
		return defaultDatabase(a.Name), nil
	case a.Database == "" && len(c.AppDBName) > 63:
		return "", badRequest("app_db_name %q is longer than 63 characters", c.AppDBName)
	case a.Database == "" && slices.Contains(systemDatabases, c.AppDBName):
		return "", badRequest("app_db_name %q is the server's own", c.AppDBName)
	case a.Database == "":
		return c.AppDBName, nil
	case c.AppDBName != "" && c.AppDBName != a.Database:
		return "", badRequest("application %s is deployed with app_db_name %s, but %s says %s", a.Name, a.Database, configFile, c.AppDBName)
	default:
		return a.Database, nil
	}
}

func defaultDatabase(application string) string {
	name := notInDatabaseName.ReplaceAllString(strings.ToLower(application), "_")
	if name[0] >= '0' && name[0] <= '9' {
		name = "_" + name
	}
	return name[:min(len(name), 63)]
}
