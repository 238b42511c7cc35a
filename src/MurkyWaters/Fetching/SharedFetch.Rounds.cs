using System.Net.Sockets;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>The rounds: memory for one, its run, and the last resort, the servers of 2012.</summary>
internal sealed partial class SharedFetch
{
    /// <summary>A server that has not answered for this long is silent: some dozen round trips on a long path.</summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(2);

    private readonly FetchCeilingShare? _ceiling;
    private readonly bool _isPaced;
    private IReadOnlyList<PeerAddress> _servers = [];
    private FetchBudget.Grant? _grant;
    private BlocksLease? _lease;
    private volatile bool _isFromStore;
    private volatile SwarmGifts? _gifts;
    private bool _hasStaleServers;
    private bool _isMending;
    private Action? _leaveLine;
    private Action? _cancelClassic;

    /// <summary>The version is known.</summary>
    /// <param name="manifest">The version.</param>
    /// <param name="lease">What is here of it, which is this fetch's from now on.</param>
    /// <returns>Where its blocks go.</returns>
    public FetchBlocks TakeManifest(Manifest manifest, BlocksLease lease)
    {
        var blocks = new FetchBlocks(lease.Blocks, _waiters.Wake);
        lease.Blocks.BlockHeld += _waiters.Wake;
        _lease = lease;
        _gifts = _context.Options.Swarm?.Table.Watch(Id, manifest.Version);
        _mailbox.Post(
            static (fetch, blocks, _, _) => fetch._machine.HandleManifest(fetch.Now, ((FetchBlocks)blocks!).Manifest, (FetchBlocks)blocks),
            blocks);
        return blocks;
    }

    /// <summary>The version is known, and not to be fetched.</summary>
    public void RefuseManifest(Manifest manifest) =>
        _mailbox.Post(static (fetch, manifest, _, _) => fetch._machine.HandleManifest(fetch.Now, (Manifest)manifest!, null), manifest);

    /// <summary>The disk takes no more.</summary>
    public void NoteNoRoom(string reason)
    {
        FetchLog.PassedThrough(_context.Logger, Id, reason, Number);
        _mailbox.Post(
            static (fetch, verdict, _, _) =>
            {
                fetch.Publish(fetch._view with { Verdict = (string)verdict! });
                fetch._machine.HandleNoRoom(fetch.Now);
            },
            $"It was passed on to its readers and not kept: {reason}");
    }

    /// <summary>A server has an older version than the one that is fetched.</summary>
    public void NoteStaleServer() => _mailbox.Post(static (fetch, _, _, _) => fetch._hasStaleServers = true);

    /// <summary>The object store was asked in place of the rain, as it will be from now on where it had something.</summary>
    private void NoteFromStore(string verdict, bool hasIt)
    {
        _isFromStore |= hasIt;
        _mailbox.Post(static (fetch, verdict, _, _) => fetch.Publish(fetch._view with { Verdict = (string)verdict! }), verdict);
    }

    /// <summary>What only mends, or was told a pace, has time until somebody reads it.</summary>
    private void HoldBack()
    {
        if (_ceiling is not null)
        {
            _ceiling.IsHeld = (_isMending || _isPaced) && _machine.Phase == FetchPhase.Raining && !_machine.HasReaders;
        }
    }

    private void LetGoOfCeiling()
    {
        if (_ceiling is not null)
        {
            _ceiling.IsHeld = false;
        }
    }

    private void Prepare()
    {
        var partials = _context.Store.Partials.FindAll(Id);
        if (partials.Length == 0)
        {
            EndPreparation();
            return;
        }

        _ = Task.Run(() =>
        {
            foreach (var partial in partials)
            {
                Prepare(partial);
            }

            _mailbox.Post(static (fetch, _, _, _) => fetch.EndPreparation());
        });
    }

    private void Prepare(PartialBlob partial)
    {
        try
        {
            partial.Prepare();
        }
        catch (Exception error)
        {
            // What cannot be read is fetched again.
            FetchLog.TransferBroken(_context.Logger, error, Number, Id);
            _context.Store.Partials.Retire(partial);
        }
    }

    private void EndPreparation() =>
        _machine.HandlePrepared(Now, mayBeHere: !IsRainOnly && _context.Store.FindEntry(Id) is { IsTombstone: false });

    /// <summary>The memory for a round. One that has its version waits for it, as long as anybody waits for that; one that still has
    /// to find out what there is gets it now or not at all.</summary>
    private async Task EnterAsync()
    {
        const int fewBlocks = 2;
        try
        {
            // This node's own rain has what is here whole; what comes it has from this fetch.
            var isHere = _context.Store.FindEntry(Id) is { } own
                && (_machine.Manifest is null || own.Resource.Manifest.Version == _machine.Manifest.Version);
            _servers = Sources ?? _context.AddressesForFetch(includeOwn: IsRainOnly && isHere);
            if (_extraServer is { } extra && !_isExtraServerClassic && !_servers.Contains(extra))
            {
                _servers = [.. _servers, extra];
            }

            if (_machine.IsPassing && _grant is { } kept)
            {
                // As long as there are blocks in memory.
                TakeGrant(kept);
            }
            else if (_servers.Count == 0 && _context.Objects is null)
            {
                EndRound(FetchEndReason.NotFound);
            }
            else if (_machine.Manifest is not { } manifest)
            {
                TakeGrant(_context.Budget.TryEnter(fewBlocks * (long)_context.Store.Options.BlockBytesOf(null)));
            }
            else
            {
                var line = new CancellationTokenSource();
                _leaveLine = line.Cancel;
                var grant = await _context.Budget.EnterAsync(
                    Network, fewBlocks * (long)manifest.Layout.BlockBytes, _context.Patience, line.Token);
                _mailbox.Post(static (fetch, grant, _, _) => fetch.TakeGrant((FetchBudget.Grant?)grant), grant);
            }
        }
        catch (Exception error)
        {
            FailRound(error);
        }
    }

    private void TakeGrant(FetchBudget.Grant? grant)
    {
        _leaveLine = null;
        _grant = grant;
        var passingMax = 1;
        if (_machine.IsPassing && grant is not null)
        {
            // Half of it is for what waits for its readers, the other for what is in work.
            passingMax = (int)Math.Max(1, grant.Bytes / 2 / _machine.Manifest!.Layout.BlockBytes);
            Blocks!.Allow(passingMax);
        }

        _machine.HandleGrant(Now, grant is not null, passingMax);
        if (_machine.Phase != FetchPhase.Raining)
        {
            LetGrantGo();
        }
    }

    private void LetGrantGo()
    {
        _grant?.Dispose();
        _grant = null;
    }

    private async Task RainAsync(long offset, long length)
    {
        try
        {
            var request = new FetchRequest
            {
                Resource = Id,
                Version = _machine.Manifest?.Version ?? WantedVersion,
                Servers = _servers,
                DemandOffset = offset,
                DemandLength = length,
                IsOrdered = _machine.IsRead,
            };
            var options = _context.Options with
            {
                WindowBytesMax = (_grant?.Bytes ?? 0) / (_machine.IsPassing ? 2 : 1),
                Ceiling = _ceiling,
            };
            var sink = new FetchSink(_context, this, Blocks, mayPass: true);
            var round = _context.Objects is { } objects
                ? new StoreBackedRound(_context, objects, request, options, sink, _machine.Manifest, _isFromStore, NoteFromStore)
                : _context.Transport.StartFetch(request, options, sink);
            Publish(_view with { Round = round, RoundBegan = Now });
            var reason = await round.Completion;
            _mailbox.Post(static (fetch, _, reason, _) => fetch.EndRound((FetchEndReason)reason), null, (long)reason);
        }
        catch (Exception error)
        {
            FailRound(error);
        }
    }

    /// <summary>Whatever it is: those who wait for this fetch must not wait for ever.</summary>
    private void FailRound(Exception error)
    {
        var reason = FetchEndReason.NoNetwork;
        if (error is not SocketException)
        {
            reason = FetchEndReason.LocalFailure;
            FetchLog.TransferBroken(_context.Logger, error, Number, Id);
        }

        _mailbox.Post(static (fetch, _, reason, _) => fetch.EndRound((FetchEndReason)reason), null, (long)reason);
    }

    private void EndRound(FetchEndReason reason)
    {
        if (_view.Round is { } round)
        {
            var lasted = Now - _view.RoundBegan;
            Publish(_view.WithRoundEnded(Now));
            _context.Servers.Learn(round.Snapshot.Sources, hadTime: reason == FetchEndReason.Unanswered || lasted >= AnswerWithin);
        }

        if (!_machine.IsPassing)
        {
            LetGrantGo();
        }

        _machine.HandleRoundEnded(Now, reason);
    }

    private async Task AskClassicAsync(FetchEndReason otherwise)
    {
        var end = otherwise;
        try
        {
            var servers = _context.Servers.ClassicAddressesForFetch();
            if (_extraServer is { } extra && _isExtraServerClassic && !servers.Contains(extra))
            {
                servers = [.. servers, extra];
            }

            if (servers.Count > 0)
            {
                var asking = new CancellationTokenSource();
                _cancelClassic = () => _ = asking.CancelAsync();
                var began = Now;
                if (await ClassicAsking.AskAsync(_context, Id, servers, asking.Token) is ({ } server, { } bytes))
                {
                    // What the others still send is not wanted any more.
                    await asking.CancelAsync();
                    end = await Task.Run(() => TakeClassic(server, bytes, began));
                }
            }
        }
        catch (OperationCanceledException)
        {
            end = FetchEndReason.Cancelled;
        }
        catch (Exception error)
        {
            end = FetchEndReason.LocalFailure;
            FetchLog.TransferBroken(_context.Logger, error, Number, Id);
        }

        _mailbox.Post(static (fetch, _, end, _) => fetch._machine.HandleClassicEnded(fetch.Now, (FetchEndReason)end), null, (long)end);
    }

    private FetchEndReason TakeClassic(PeerAddress server, byte[] bytes, Instant began)
    {
        var endpoint = _context.Servers.NameOf(server);
        FetchLog.FetchedClassic(_context.Logger, Id, endpoint, bytes.Length);
        var entry = _context.Store.FindEntry(Id);
        var current = entry is null || entry.IsTombstone ? null : entry.Resource;
        var manifest = ClassicAsking.ManifestOf(_context.Store, bytes, entry?.Resource.Manifest, current?.Manifest);
        if (current is { Retention: Retention.Kept } && manifest != current.Manifest)
        {
            // Format 1 cannot tell which is newer, and what was put here must not go for what anybody may have sent.
            _mailbox.Post(static (fetch, outcome, _, _) => fetch._outcome = (FetchOutcome)outcome!, new FetchOutcome(
                OpenStatus.Found, entry, $"What is here was put here, and goes before what came in format 1 from {endpoint}."));
            return FetchEndReason.Completed;
        }

        // Told before anybody has a block of it.
        _mailbox.Post(
            static (fetch, verdict, _, _) =>
                fetch.Publish(fetch._view with { Verdict = (string)verdict! }), $"It came in format 1 from {endpoint}.");
        var sink = new FetchSink(_context, this, null, mayPass: false);
        sink.OnManifest(manifest);
        for (var i = 0; i < manifest.Layout.BlockCount; i++)
        {
            sink.OnBlock(i, bytes.AsSpan((int)manifest.Layout.OffsetOf(i), manifest.Layout.BytesOf(i)));
        }

        _mailbox.Post(
            static (fetch, _, ticks, _) => fetch.Publish(fetch._view with { Rained = fetch._view.Rained + TimeSpan.FromTicks(ticks) }),
            null, (Now - began).Ticks);
        return FetchEndReason.Completed;
    }
}
