using System.Text.Json;
using Gateway.Hosting;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace Gateway.Rain;

/// <summary>
/// What streams of events send: one look at the fetches, four times a second while anybody watches, written out once for all. A stream
/// that is through with one look before the next gets what has changed since; one that is slower skips to the newest look, all of
/// it, so that nothing heaps up for it. Thread-safe.
/// </summary>
internal sealed partial class TransferFeed(NodeHost host, IOptions<JsonOptions> json, ILogger<TransferFeed> logger)
{
    /// <summary>Between two looks; four a second are smooth enough to watch and cheap.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>After so many quiet looks an empty event keeps proxies from closing a stream.</summary>
    private const int QuietLooksMax = 40;

    private readonly Lock _gate = new();
    private int _watcherCount;
    private Look? _newest;

    /// <summary>Runs a stream: hands over its bytes, the first at once, for as long as it is not cancelled.</summary>
    public async Task WatchAsync(Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> sendAsync, CancellationToken cancellationToken)
    {
        var look = Join();
        try
        {
            var bytes = look.All;
            while (true)
            {
                // Nothing of a look is held while its bytes go out but the bytes, or a slow stream would hold all that come after it.
                var number = look.Number;
                look = null;
                await sendAsync(bytes, cancellationToken);
                look = Newest;
                if (look.Number == number)
                {
                    look = await look.Next.WaitAsync(cancellationToken);
                }

                bytes = look.Number == number + 1 ? look.Changes : look.All;
            }
        }
        finally
        {
            lock (_gate)
            {
                _watcherCount--;
            }
        }
    }

    private Look Newest
    {
        get
        {
            lock (_gate)
            {
                return _newest!;
            }
        }
    }

    private Look Join()
    {
        lock (_gate)
        {
            _watcherCount++;
            if (_newest is null)
            {
                _newest = new Look(0, Read(), [], isIdle: true, json.Value.SerializerOptions);
                _ = RunAsync(_newest);
            }

            return _newest;
        }
    }

    /// <summary>Looks until nobody watches.</summary>
    private async Task RunAsync(Look before)
    {
        using var timer = new PeriodicTimer(Interval);
        var quietLooks = 0;
        while (await timer.WaitForNextTickAsync())
        {
            lock (_gate)
            {
                if (_watcherCount == 0)
                {
                    _newest = null;
                    return;
                }
            }

            if (!host.IsOpen)
            {
                // It is ending, and the streams with it.
                continue;
            }

            Look look;
            try
            {
                var now = Read();
                var changes = now.Where(before.HasChanged).ToList();
                var isIdle = changes.Count == 0 && ++quietLooks >= QuietLooksMax;
                if (changes.Count == 0 && !isIdle)
                {
                    continue;
                }

                quietLooks = 0;
                look = new Look(before.Number + 1, now, changes, isIdle, json.Value.SerializerOptions);
            }
            catch (Exception error)
            {
                // One look that fails must not be the last for everybody who watches.
                LookFailed(logger, error);
                continue;
            }

            lock (_gate)
            {
                _newest = look;
            }

            before.Follow(look);
            before = look;
        }
    }

    /// <summary>The fetches, oldest first.</summary>
    private List<TransferView> Read() => [.. host.Node.Transfers.OrderBy(transfer => transfer.Id).Select(TransferView.Of)];

    [LoggerMessage(60, LogLevel.Error, "The fetches could not be looked at for the streams of events")]
    private static partial void LookFailed(ILogger logger, Exception exception);

    private sealed class Look
    {
        private static readonly byte[] Idle = "event: idle\ndata: \n\n"u8.ToArray();

        private readonly Dictionary<string, string> _states;
        private readonly Lazy<byte[]> _all;
        private readonly TaskCompletionSource<Look> _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Look(long number, List<TransferView> transfers, List<TransferView> changes, bool isIdle, JsonSerializerOptions json)
        {
            Number = number;
            _states = transfers.ToDictionary(transfer => transfer.Id, transfer => transfer.State);
            Changes = isIdle ? Idle : Write(changes, json);

            // The head of an answer goes out with its first event, so there is one even when there is nothing to tell.
            _all = new Lazy<byte[]>(() => transfers.Count == 0 ? Idle : Write(transfers, json));
        }

        public long Number { get; }

        /// <summary>Events of what has changed since the look before.</summary>
        public byte[] Changes { get; }

        /// <summary>Events of everything.</summary>
        public byte[] All => _all.Value;

        /// <summary>The look after this one.</summary>
        public Task<Look> Next => _next.Task;

        public void Follow(Look next) => _next.SetResult(next);

        public bool HasChanged(TransferView transfer) =>
            transfer.IsRunning || !_states.TryGetValue(transfer.Id, out var state) || state != transfer.State;

        private static byte[] Write(List<TransferView> transfers, JsonSerializerOptions json)
        {
            using var stream = new MemoryStream();
            foreach (var transfer in transfers)
            {
                stream.Write("event: transfer\ndata: "u8);
                JsonSerializer.Serialize(stream, transfer, json);
                stream.Write("\n\n"u8);
            }

            return stream.ToArray();
        }
    }
}
