// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package reliability

import (
	"context"
	"time"
)

// Secrets of the matrix. None may show in a diagnostic or a log.
const (
	firstSecret  = "Canary-first-7f3a"
	secondSecret = "Canary-second-9c1d"
)

// named are those of one case's own objects.
type named struct {
	instance    string // 3 to 16 characters
	application string
	source      string // a folder with an application
	other       string // a folder with another version of it
	moment      time.Time
}

// scenario is one operation on one object.
type scenario struct {
	name string
	kind string // of the resource, data source, list, action or ephemeral resource
	// What there is before, made by hand: base, an instance, is always there.
	instance, link, application, deployed, secret bool
	adopted                                       bool               // Terraform has imported it
	before                                        func(named) config // what Terraform has applied before; nil for nothing
	after                                         func(named) config // what it applies now; nil to destroy
	refreshToken                                  bool               // there is no access token yet
	only                                          string             // the one call that goes wrong, as the others do in another scenario; "" for each
	do                                            func(d *driver, n named) (bool, error)
	id                                            func(named) string // of an import
	want                                          made               // at the end
}

// made is what the server must have in the end.
type made struct {
	instance, link, application, secret bool
	port                                int    // of the link; 0 does not matter
	memory                              int    // of the application; 0 does not matter
	versions                            int    // of the application
	deploys                             int    // of the operation
	on                                  string // the instance that the application is on; "" does not matter
	sent                                string // the last password or value; "" does not matter
	deletes                             bool   // a DELETE is part of the operation
}

// run carries the operation of a scenario out.
func (s *scenario) run(d *driver, n named, prior *object) (after *object, ok bool, err error) {
	switch {
	case s.do != nil:
		var stop context.CancelFunc // A user would press Ctrl-C.
		d.ctx, stop = context.WithTimeout(d.ctx, 10*time.Minute)
		defer stop()
		ok, err = s.do(d, n)
		return nil, ok, err
	case s.id != nil:
		return d.adopt(s.kind, s.id(n))
	}
	if prior != nil { // Terraform refreshes before it plans.
		if prior, ok, err = d.read(prior); err != nil || !ok {
			return prior, false, err
		}
	}
	if prior == nil && s.after == nil {
		return nil, true, nil
	}
	if s.after == nil {
		return d.apply(s.kind, prior, nil)
	}
	return d.apply(s.kind, prior, s.after(n))
}

func instanceOf(password string) func(named) config {
	return func(n named) config {
		return config{"name": n.instance, "username": "alice", "password": password, "deletion_protection": false}
	}
}

func linkOf(port int) func(named) config {
	return func(n named) config {
		return config{"name": n.instance, "hostname": "db.example.com", "port": port, "admin_username": "boss", "password": firstSecret, "time_travel": false}
	}
}

func applicationOf(instance string, memory int) func(named) config {
	return func(n named) config {
		return config{
			"name": n.application, "database_instance_name": instance, "language": "node", "executors_memory_mib": memory, "min_executors": 1,
			"max_executors": 2, "time_travel": false, "drop_database_on_destroy": false, "deletion_protection": false,
		}
	}
}

func secretOf(value string) func(named) config {
	return func(n named) config {
		return config{"application_name": n.application, "name": "KEY", "value": value}
	}
}

func deploymentOf(other bool) func(named) config {
	return func(n named) config {
		dir := n.source
		if other {
			dir = n.other
		}
		return config{"application_name": n.application, "source_dir": dir, "config_file": "dbos-config.yaml"}
	}
}

func bindingTo(instance string) func(named) config {
	return func(n named) config {
		return config{"application_name": n.application, "database_instance_name": instance}
	}
}

func restoreOf(password string) func(named) config {
	return func(n named) config {
		return config{
			"name": n.instance, "source_instance_name": "base", "restore_timestamp": n.moment.UTC().Format(time.RFC3339Nano), "password": password,
			"deletion_protection": false,
		}
	}
}

func instanceName(n named) string    { return n.instance }
func applicationName(n named) string { return n.application }

// exchange gets an access token for a refresh token. The login makes it, not the client.
const exchange = "POST oauth/token"

func looks(kind string, set func(named) config) func(*driver, named) (bool, error) {
	return func(d *driver, n named) (bool, error) { return d.look(kind, set(n)) }
}

func lists(kind string) func(*driver, named) (bool, error) {
	return func(d *driver, _ named) (bool, error) { return d.list(kind, config{}) }
}

// scenarios are every operation of everything that the provider has.
func scenarios() []scenario {
	const (
		instance   = "dbos_database_instance"
		restore    = "dbos_database_restore"
		link       = "dbos_linked_database"
		app        = "dbos_application"
		secret     = "dbos_application_secret"
		deployment = "dbos_application_deployment"
		binding    = "dbos_application_database_binding"
	)
	none := func(named) config { return config{} }
	list := []scenario{
		{name: "create", kind: instance, after: instanceOf(firstSecret), want: made{instance: true, sent: firstSecret}},
		{name: "rotate", kind: instance, before: instanceOf(firstSecret), after: instanceOf(secondSecret), want: made{instance: true, sent: secondSecret}},
		{name: "read", kind: instance, before: instanceOf(firstSecret), after: instanceOf(firstSecret), want: made{instance: true}},
		{name: "destroy", kind: instance, before: instanceOf(firstSecret), want: made{deletes: true}},
		{name: "import", kind: instance, instance: true, id: instanceName, want: made{instance: true}},

		{name: "create with a refresh token", kind: instance, refreshToken: true, only: exchange, after: instanceOf(firstSecret), want: made{instance: true, sent: firstSecret}},

		{name: "create", kind: restore, after: restoreOf(firstSecret), want: made{instance: true, sent: firstSecret}},
		{name: "rotate", kind: restore, before: restoreOf(firstSecret), after: restoreOf(secondSecret), want: made{instance: true, sent: secondSecret}},
		{name: "read", kind: restore, before: restoreOf(firstSecret), after: restoreOf(firstSecret), want: made{instance: true}},
		{name: "destroy", kind: restore, before: restoreOf(firstSecret), want: made{deletes: true}},
		{name: "import", kind: restore, instance: true, id: instanceName, want: made{instance: true}},

		{name: "create", kind: link, after: linkOf(5432), want: made{link: true, port: 5432, sent: firstSecret}},
		{name: "change", kind: link, before: linkOf(5432), after: linkOf(6543), want: made{link: true, port: 6543, sent: firstSecret, deletes: true}},
		{name: "read", kind: link, before: linkOf(5432), after: linkOf(5432), want: made{link: true}},
		{name: "destroy", kind: link, before: linkOf(5432), want: made{deletes: true}},
		{name: "import", kind: link, link: true, id: instanceName, want: made{link: true}},

		{name: "register", kind: app, after: applicationOf("base", 1024), want: made{application: true, on: "base", memory: 1024}},
		{name: "settings", kind: app, before: applicationOf("base", 1024), after: applicationOf("base", 512), want: made{application: true, on: "base", memory: 512}},
		{name: "read", kind: app, before: applicationOf("base", 1024), after: applicationOf("base", 1024), want: made{application: true, on: "base"}},
		{name: "move", kind: app, application: true, deployed: true, adopted: true, after: applicationOf("other", 1024), want: made{application: true, on: "other", memory: 1024, versions: 1, deploys: 1}},
		{name: "destroy", kind: app, before: applicationOf("base", 1024), want: made{deletes: true}},
		{name: "import", kind: app, application: true, deployed: true, id: applicationName, want: made{application: true, versions: 1}},

		{name: "set", kind: secret, application: true, after: secretOf(firstSecret), want: made{application: true, secret: true, sent: firstSecret}},
		{name: "change", kind: secret, application: true, before: secretOf(firstSecret), after: secretOf(secondSecret), want: made{application: true, secret: true, sent: secondSecret}},
		{name: "read", kind: secret, application: true, before: secretOf(firstSecret), after: secretOf(firstSecret), want: made{application: true, secret: true}},
		{name: "delete", kind: secret, application: true, before: secretOf(firstSecret), want: made{application: true, deletes: true}},
		{name: "import", kind: secret, application: true, secret: true, id: func(n named) string { return n.application + "/KEY" }, want: made{application: true, secret: true}},

		{name: "deploy", kind: deployment, application: true, after: deploymentOf(false), want: made{application: true, versions: 1, deploys: 1}},
		{name: "deploy again", kind: deployment, application: true, before: deploymentOf(false), after: deploymentOf(true), want: made{application: true, versions: 2, deploys: 1}},
		{name: "read", kind: deployment, application: true, before: deploymentOf(false), after: deploymentOf(false), want: made{application: true, versions: 1}},
		{name: "forget", kind: deployment, application: true, before: deploymentOf(false), want: made{application: true, versions: 1}},
		{name: "import", kind: deployment, application: true, deployed: true, id: applicationName, want: made{application: true, versions: 1}},

		{name: "bind", kind: binding, application: true, deployed: true, after: bindingTo("other"), want: made{application: true, on: "other", versions: 1, deploys: 1}},
		{name: "bind again", kind: binding, application: true, deployed: true, before: bindingTo("other"), after: bindingTo("base"), want: made{application: true, on: "base", versions: 1, deploys: 1}},
		{name: "read", kind: binding, application: true, deployed: true, before: bindingTo("other"), after: bindingTo("other"), want: made{application: true, on: "other", versions: 1}},
		{name: "forget", kind: binding, application: true, deployed: true, before: bindingTo("other"), want: made{application: true, on: "other", versions: 1}},
		{name: "import", kind: binding, application: true, deployed: true, id: applicationName, want: made{application: true, versions: 1}},

		{name: "list", kind: instance, instance: true, do: lists(instance), want: made{instance: true}},
		{name: "list", kind: link, link: true, do: lists(link), want: made{link: true}},
		{name: "list", kind: app, application: true, do: lists(app), want: made{application: true}},
		{name: "list", kind: secret, application: true, secret: true, do: lists(secret), want: made{application: true, secret: true}},
		{
			name: "invoke", kind: "dbos_application_redeploy", application: true, deployed: true,
			do: func(d *driver, n named) (bool, error) {
				return d.invoke("dbos_application_redeploy", config{"application_name": n.application})
			},
			want: made{application: true, versions: 1, deploys: 1},
		},
		{
			name: "open", kind: "dbos_database_connection", instance: true,
			do: func(d *driver, n named) (bool, error) {
				return d.open("dbos_database_connection", config{"database_instance_name": n.instance, "password": firstSecret})
			},
			want: made{instance: true},
		},
	}
	for kind, set := range map[string]func(named) config{
		"dbos_account":              none,
		"dbos_organization_users":   none,
		"dbos_database_instances":   none,
		"dbos_applications":         none,
		"dbos_database_instance":    func(n named) config { return config{"name": n.instance} },
		"dbos_application":          func(n named) config { return config{"name": n.application} },
		"dbos_application_secrets":  func(n named) config { return config{"application_name": n.application} },
		"dbos_application_versions": func(n named) config { return config{"application_name": n.application} },
	} {
		list = append(list, scenario{
			name: "data", kind: kind, instance: true, application: true, do: looks(kind, set), want: made{instance: true, application: true},
		})
	}
	return list
}
