// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend/simulated"
)

// Server is a local cloud that runs.
type Server struct {
	options    Options
	connection Connection
	log        *log.Logger

	archiveLimit int64         // in bytes; tests make it smaller
	bodyTimeout  time.Duration // how long a body may keep us waiting; tests make it shorter

	dir      *stateDir
	store    *store
	backend  backend.Backend
	tokens   *tokens
	listener net.Listener
	http     *http.Server

	requests         requestLog
	faults           faults
	creationTimes    creationTimes
	holds            holds
	instanceLocks    instanceLocks
	slots            chan struct{}
	applicationLocks applicationLocks

	ctx       context.Context // ends when the server closes
	cancel    context.CancelFunc
	work      work
	closeOnce sync.Once
	closeErr  error
}

// Start starts a local cloud, with all that a former one left in the state directory. The context bounds the start
// only; the local cloud runs until Close.
func Start(ctx context.Context, o Options) (*Server, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Server{
		options:      o,
		log:          log.New(&lockedWriter{to: o.Log}, "", log.LstdFlags),
		archiveLimit: largestArchive,
		bodyTimeout:  30 * time.Second,
		requests:     requestLog{keepBodies: o.KeepBodies},
		slots:        make(chan struct{}, startingAtOnce),
	}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Shutdown(ctx))
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	var err error
	traversable := os.Geteuid() == 0 && s.options.Backend == backendPostgres
	if s.dir, err = openStateDir(s.options.StateDir, traversable); err != nil {
		return err
	}
	if s.store, err = openStore(s.dir.file("state.json")); err != nil {
		return err
	}
	if err := s.openAccount(); err != nil {
		return err
	}
	if err := s.listen(ctx); err != nil {
		return err
	}
	if err := s.connect(); err != nil {
		return err
	}
	if s.backend, err = s.openBackend(ctx); err != nil {
		return err
	}
	if err := s.resume(ctx); err != nil {
		return err
	}
	if err := s.store.sync(); err != nil {
		return err
	}
	s.serve()
	return s.writeLogin()
}

// openBackend opens the backend that the options name. A nil one comes with an error.
func (s *Server) openBackend(ctx context.Context) (backend.Backend, error) {
	switch s.options.Backend {
	case backendSimulated:
		return simulated.Backend{}, nil
	default:
		return openPostgres(ctx, backend.Options{
			Dir:         s.dir.file("instances"),
			PostgresBin: s.options.PostgresBin,
			Log:         s.log.Writer(),
			Down:        s.serverDown,
			Up:          s.serverUp,
		})
	}
}

// openAccount makes the account at the first start and finds it at later ones.
func (s *Server) openAccount() error {
	return s.store.change(func(st *state) error {
		a := &st.account
		if a.Organization == "" {
			*a = account{
				Organization: s.options.Organization,
				Backend:      s.options.Backend,
				SigningKey:   newSecret(),
				RefreshToken: "v1." + hex.EncodeToString(newSecret()),
				Created:      time.Now().UTC(),
			}
		}
		if a.Organization != s.options.Organization || a.Backend != s.options.Backend {
			return fmt.Errorf("state directory %s belongs to organization %q with backend %q, not to %q with %q",
				s.dir.path, a.Organization, a.Backend, s.options.Organization, s.options.Backend)
		}
		return nil
	})
}

func (s *Server) serve() {
	s.http = &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 30 * time.Second,
		IdleTimeout:       5 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          s.log,
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
	}
	go func() {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.Printf("serve: %s", err)
		}
	}()
}

// Connection is what a client needs. The token is the one of the start; later ones are had for the refresh token.
func (s *Server) Connection() Connection { return s.connection }

// Close breaks off what is under way, stops every database server and, of a temporary state directory, removes
// everything. What was accepted and is not finished is in a lasting one and goes on at the next start.
func (s *Server) Close() error { return s.Shutdown(context.Background()) }

// Shutdown does what Close does, but no longer waits for database servers to stop in good order once the context has
// ended.
func (s *Server) Shutdown(ctx context.Context) error {
	s.closeOnce.Do(func() { s.closeErr = s.close(ctx) })
	return s.closeErr
}

func (s *Server) close(ctx context.Context) error {
	var errs []error
	s.cancel()
	s.work.refuse()
	if s.http != nil {
		errs = append(errs, s.http.Close())
	} else if s.listener != nil {
		errs = append(errs, s.listener.Close())
	}
	s.work.wait()
	if s.backend != nil {
		errs = append(errs, s.backend.Close(ctx))
	}
	if s.store != nil {
		errs = append(errs, s.store.sync())
	}
	if s.dir != nil {
		errs = append(errs, s.dir.close())
	}
	return errors.Join(errs...)
}
