using MurkyWaters.Backing;
using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>
/// A round of a fetch where there is an object store under the node: it rains, and when nobody brings what is wanted the store is asked for
/// the rest (<see cref="StoreRead"/>). Whoever waits for the round sees one round: the same demands, the same sink. Thread-safe.
/// </summary>
internal sealed class StoreBackedRound : IRainRound, IFetchSink
{
    private readonly FetchContext _context;
    private readonly ObjectStore _objects;
    private readonly FetchRequest _request;
    private readonly FetchOptions _options;
    private readonly IFetchSink _sink;
    private readonly Action<string, bool> _onStore;
    private readonly Lock _gate = new();
    private readonly CancellationToken _cancelled;
    private readonly Func<Task> _cancel;
    private readonly List<(long Offset, long Length, bool IsUrgent)> _demands;
    private readonly bool _mustAskStore;
    private volatile Manifest? _manifest;
    private readonly IRainRound? _rain;
    private StoreRead? _read;

    /// <summary>Begins.</summary>
    /// <param name="context">What the fetch works with.</param>
    /// <param name="objects">The object store.</param>
    /// <param name="request">As of <see cref="IRainTransport.StartFetch"/>.</param>
    /// <param name="options">As of <see cref="IRainTransport.StartFetch"/>.</param>
    /// <param name="sink">As of <see cref="IRainTransport.StartFetch"/>.</param>
    /// <param name="manifest">The version, where an earlier round has found it.</param>
    /// <param name="isFromStore">Whether that was found in the object store, since nobody rains it.</param>
    /// <param name="onStore">Told what to say of the fetch once the object store is asked, and whether it had something.</param>
    public StoreBackedRound(
        FetchContext context, ObjectStore objects, FetchRequest request, FetchOptions options, IFetchSink sink, Manifest? manifest,
        bool isFromStore, Action<string, bool> onStore)
    {
        _context = context;
        _objects = objects;
        _request = request;
        _options = options;
        _sink = sink;
        _manifest = manifest;
        _mustAskStore = isFromStore;
        _onStore = onStore;
        var cancelling = new CancellationTokenSource();
        (_cancelled, _cancel) = (cancelling.Token, cancelling.CancelAsync);
        _demands = [(request.DemandOffset, request.DemandLength, false)];
        if (!isFromStore && request.Servers.Count > 0)
        {
            _rain = context.Transport.StartFetch(request, options, this);
        }

        Completion = Task.Run(RunAsync);
    }

    /// <inheritdoc/>
    public Task<FetchEndReason> Completion { get; }

    /// <inheritdoc/>
    public FetchSnapshot Snapshot
    {
        get
        {
            var rain = _rain?.Snapshot ?? FetchSnapshot.Empty;
            return Read is not { } read ? rain : rain with
            {
                VerifiedBytes = rain.VerifiedBytes + read.Bytes,
                VerifiedBlocks = rain.VerifiedBlocks + read.Blocks,
                WireBytes = rain.WireBytes + read.Bytes,
            };
        }
    }

    /// <inheritdoc/>
    public FetchTimes Times
    {
        get
        {
            var rain = _rain?.Times ?? default;
            return Read is not { } read ? rain : new FetchTimes(rain.FirstDroplet ?? read.FirstBlock, rain.Verifying + read.Verifying);
        }
    }

    /// <inheritdoc/>
    public long StoreBytes => Read?.Bytes ?? 0;

    private StoreRead? Read => Volatile.Read(ref _read);

    /// <inheritdoc/>
    public void Demand(long offset, long length, bool urgent)
    {
        lock (_gate)
        {
            if (Read is { } read)
            {
                read.Demand(offset, length, urgent);
                return;
            }

            _demands.Add((offset, length, urgent));
        }

        _rain?.Demand(offset, length, urgent);
    }

    /// <inheritdoc/>
    public void Cancel()
    {
        _rain?.Cancel();
        _ = _cancel();
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<ulong>? OnManifest(Manifest manifest)
    {
        _manifest = manifest;
        return _sink.OnManifest(manifest);
    }

    /// <inheritdoc/>
    public void OnBlock(int blockIndex, ReadOnlySpan<byte> block) => _sink.OnBlock(blockIndex, block);

    /// <inheritdoc/>
    public void OnSourceEvent(FetchEvent fetchEvent) => _sink.OnSourceEvent(fetchEvent);

    private async Task<FetchEndReason> RunAsync()
    {
        var reason = _rain is null ? FetchEndReason.NotFound : await _rain.Completion;
        if (_cancelled.IsCancellationRequested)
        {
            return _rain is null ? FetchEndReason.Cancelled : reason;
        }

        // What ended for another reason would end for the same here.
        return reason is FetchEndReason.NotFound or FetchEndReason.Unanswered or FetchEndReason.Stalled or FetchEndReason.Busy
            or FetchEndReason.NoNetwork or FetchEndReason.IntegrityFailure
            ? await AskStoreAsync(reason)
            : reason;
    }

    private async Task<FetchEndReason> AskStoreAsync(FetchEndReason otherwise)
    {
        var isFromRain = _manifest is not null && !_mustAskStore;
        try
        {
            var manifest = _manifest ?? await _objects.FindAsync(_request.Resource, _request.Version, _cancelled);
            if (manifest is null)
            {
                return otherwise;
            }

            if (!isFromRain)
            {
                _onStore(manifest.IsDeleted ? "The object store says that it was deleted." : $"It comes from {_objects.Name}.", true);
            }

            if (_sink.OnManifest(manifest) is not { } held)
            {
                return FetchEndReason.Cancelled;
            }

            var read = new StoreRead(_objects, manifest, !isFromRain, held, _options, _sink, _context.Time, _cancelled);
            lock (_gate)
            {
                foreach (var (offset, length, isUrgent) in _demands)
                {
                    read.Demand(offset, length, isUrgent);
                }

                Volatile.Write(ref _read, read);
            }

            var reason = await read.RunAsync();
            if (read.Bytes > 0)
            {
                _onStore(
                    reason == FetchEndReason.IntegrityFailure ? $"What {_objects.Name} has of it is not what it should be."
                    : isFromRain ? $"Nobody rained the rest of it, which came from {_objects.Name}."
                    : $"It came from {_objects.Name}.", true);
            }

            return reason == FetchEndReason.NotFound ? otherwise : reason;
        }
        catch (BackEndException error)
        {
            // That nobody has it is not known, then.
            _onStore($"The object store could not be asked: {error.Message}", false);
            return otherwise is FetchEndReason.NotFound ? FetchEndReason.Unanswered : otherwise;
        }
        catch (InvalidDataException)
        {
            _onStore($"What {_objects.Name} has of it is not what it should be.", false);
            return FetchEndReason.IntegrityFailure;
        }
        catch (OperationCanceledException)
        {
            return FetchEndReason.Cancelled;
        }
    }
}
