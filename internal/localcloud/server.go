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

// Server is a running local cloud.
type Server struct {
	options    Options
	connection Connection
	log        *log.Logger

	archiveLimit int64         // in bytes; tests make it smaller
	bodyTimeout  time.Duration // see timedBody; tests make it shorter

	dir      *stateDir
	store    *store
	backend  backend.Backend
	tokens   *tokens
	listener net.Listener
	http     *http.Server

	requests         requestLog
	faults           faultList
	creationTimes    creationTimes
	holds            heldStatuses
	instanceLocks    instanceLocks
	slots            chan struct{}
	applicationLocks applicationLocks

	ctx       context.Context // ends when the server closes
	cancel    context.CancelFunc
	work      work
	closeOnce sync.Once
	closeErr  error
}

// Start starts a local cloud with the content of the state directory. The context bounds the start only; the local
// cloud runs until Close.
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
	s.store.volatile = s.options.Volatile
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

// openBackend opens the backend that the options name.
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

// openAccount makes the account at the first start. Later starts must use the same organization and backend.
func (s *Server) openAccount() error {
	return s.store.change(func(st *state) error {
		a := &st.account
		if a.Organization == "" {
			*a = account{
				Organization: s.options.Organization,
				Backend:      s.options.Backend,
				SigningKey:   randomBytes(32),
				RefreshToken: "v1." + hex.EncodeToString(randomBytes(32)),
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

// Connection is what a client needs. Its access token is that of the start; a client exchanges the refresh token for
// newer ones.
func (s *Server) Connection() Connection { return s.connection }

// Close ends all work, stops every database server, and removes a temporary state directory. A lasting state directory
// keeps unfinished work, which the next start takes up.
func (s *Server) Close() error { return s.Shutdown(context.Background()) }

// Shutdown does what Close does. Once the context has ended, it no longer waits for database servers to stop in good
// order.
func (s *Server) Shutdown(ctx context.Context) error {
	s.closeOnce.Do(func() { s.closeErr = s.close(ctx) })
	return s.closeErr
}

func (s *Server) close(ctx context.Context) error {
	var errs []error
	s.cancel()
	s.work.close()
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
