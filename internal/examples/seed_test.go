// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package examples

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"maps"
	"net/http"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
)

// seed makes something that a configuration expects to find.
type seed func(*testing.T, *acctest.Cloud)

// seeds are what the configurations of a folder expect to find: what they import, look up, or refer to by name.
var seeds = map[string][]seed{
	"actions/dbos_application_redeploy":            {instance("orders"), application("shop-api")},
	"import/1-list":                                {instance("orders"), link, application("shop-api"), secret("shop-api")},
	"data-sources/dbos_application":                {instance("orders"), application("shop-api")},
	"data-sources/dbos_application_secrets":        {instance("orders"), application("shop-api")},
	"data-sources/dbos_application_versions":       {instance("orders"), application("shop-api")},
	"data-sources/dbos_applications":               {instance("orders"), application("shop-api")},
	"data-sources/dbos_database_instance":          {instance("shared")},
	"ephemeral-resources/dbos_database_connection": {instance("orders")},
	"functions/connection_url":                     {instance("orders")},
	"functions/database_config":                    {instance("orders")},
	"functions/dotenv":                             {instance("orders"), application("shop-api")},
	"resources/dbos_application_database_binding":  {instance("orders"), application("shop-api"), application("billing")},
	"resources/dbos_application_deployment":        {instance("orders")},
	"resources/dbos_application_secret":            {instance("orders"), application("shop-api")},
	"resources/dbos_database_instance":             {instance("orders")},
	"resources/dbos_database_restore":              {instance("orders")},
}

// instance provisions one as somebody else would.
func instance(name string) seed {
	return func(t *testing.T, cloud *acctest.Cloud) {
		t.Helper()
		cloud.Provision(t, name, name+"_admin", password)
	}
}

// link links a database of their own.
func link(t *testing.T, cloud *acctest.Cloud) {
	t.Helper()
	for name, fields := range map[string]map[string]any{
		"warehouse":   {"dbosAdminName": "dbosadmin"},
		"supabase_db": {"supabaseReference": "abcdefghijklmnopqrst"},
	} {
		body := map[string]any{"Name": name, "HostName": name + ".example.com", "Port": 6543, "Password": password, "captureProvenance": false}
		maps.Copy(body, fields)
		if status := cloud.Call(t, http.MethodPost, "databases/byod", body, nil); status/100 != 2 {
			t.Fatalf("link %s by hand: status %d", name, status)
		}
	}
}

// secret sets one of an application.
func secret(application string) seed {
	return func(t *testing.T, cloud *acctest.Cloud) {
		t.Helper()
		body := map[string]string{"ApplicationName": application, "SecretName": "PAYMENT_KEY", "ClearSecretValue": password}
		if status := cloud.Call(t, http.MethodPost, "applications/secrets", body, nil); status/100 != 2 {
			t.Fatalf("set a secret of %s by hand: status %d", application, status)
		}
	}
}

// application registers and deploys one on the instance "orders", as a developer would.
func application(name string) seed {
	return func(t *testing.T, cloud *acctest.Cloud) {
		t.Helper()
		cloud.Register(t, name, "orders")
		deployed(name)(t, cloud)
	}
}

// deployed deploys an application that is registered.
func deployed(name string) seed {
	return func(t *testing.T, cloud *acctest.Cloud) {
		t.Helper()
		var archive bytes.Buffer
		files := zip.NewWriter(&archive)
		config, err := files.Create("dbos-config.yaml")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := config.Write([]byte("name: " + name + "\nlanguage: node\n")); err != nil {
			t.Fatal(err)
		}
		if err := files.Close(); err != nil {
			t.Fatal(err)
		}
		body := map[string]string{"application_archive": base64.StdEncoding.EncodeToString(archive.Bytes())}
		if status := cloud.Call(t, http.MethodPost, "applications/"+name, body, nil); status/100 != 2 {
			t.Fatalf("deploy %s by hand: status %d", name, status)
		}
		acctest.Await(t, name+" is available", func() bool {
			var application struct{ Status string }
			cloud.Call(t, http.MethodGet, "applications/"+name, nil, &application)
			return application.Status == "AVAILABLE"
		})
	}
}
