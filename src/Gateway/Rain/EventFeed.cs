using System.Text;
using System.Text.Json;
using Gateway.Hosting;
using MurkyWaters;

namespace Gateway.Rain;

/// <summary>Something that streams of events tell of.</summary>
/// <param name="Event">What its events are called.</param>
/// <param name="Key">By which it is known again in the next look.</param>
/// <param name="Body">What is told, as JSON.</param>
/// <param name="Mark">What is another when there is something new to tell; null when there always is.</param>
internal sealed record Watched(string Event, string Key, object Body, object? Mark);

/// <summary>
/// What streams of events send: one look, now and then while anybody watches, written out once for all. A stream
/// that is through with one look before the next gets what has changed since; one that is slower skips to the newest look, all of
/// it, so that nothing heaps up for it. Thread-safe.
/// </summary>
/// <param name="host">Has the node.</param>
/// <param name="json">How bodies are written.</param>
/// <param name="interval">Between two looks.</param>
/// <param name="logger">Hears of looks that fail.</param>
internal abstract partial class EventFeed(NodeHost host, JsonSerializerOptions json, TimeSpan interval, ILogger logger)
{
    /// <summary>After so long without news an empty event keeps proxies from closing a stream.</summary>
    private static readonly TimeSpan QuietMax = TimeSpan.FromSeconds(10);

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
                _newest = new Look(0, Read(host.Node), [], isIdle: true, json);
                _ = RunAsync(_newest);
            }

            return _newest;
        }
    }

    /// <summary>Looks until nobody watches.</summary>
    private async Task RunAsync(Look before)
    {
        using var timer = new PeriodicTimer(interval);
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
                var now = Read(host.Node);
                var changes = now.Where(before.HasChanged).ToList();
                var isIdle = changes.Count == 0 && ++quietLooks * interval >= QuietMax;
                if (changes.Count == 0 && !isIdle)
                {
                    continue;
                }

                quietLooks = 0;
                look = new Look(before.Number + 1, now, changes, isIdle, json);
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

    /// <summary>What there is to tell of, in the order in which it is told.</summary>
    protected abstract List<Watched> Read(MurkyNode node);

    [LoggerMessage(60, LogLevel.Error, "There could be no look at what streams of events tell of")]
    private static partial void LookFailed(ILogger logger, Exception exception);

    private sealed class Look
    {
        private static readonly byte[] Idle = "event: idle\ndata: \n\n"u8.ToArray();

        private readonly Dictionary<string, object?> _marks;
        private readonly Lazy<byte[]> _all;
        private readonly TaskCompletionSource<Look> _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Look(long number, List<Watched> all, List<Watched> changes, bool isIdle, JsonSerializerOptions json)
        {
            Number = number;
            _marks = all.ToDictionary(one => one.Key, one => one.Mark);
            Changes = isIdle ? Idle : Write(changes, json);

            // The head of an answer goes out with its first event, so there is one even when there is nothing to tell.
            _all = new Lazy<byte[]>(() => all.Count == 0 ? Idle : Write(all, json));
        }

        public long Number { get; }

        /// <summary>Events of what has changed since the look before.</summary>
        public byte[] Changes { get; }

        /// <summary>Events of everything.</summary>
        public byte[] All => _all.Value;

        /// <summary>The look after this one.</summary>
        public Task<Look> Next => _next.Task;

        public void Follow(Look next) => _next.SetResult(next);

        public bool HasChanged(Watched one) => one.Mark is null || !_marks.TryGetValue(one.Key, out var mark) || !one.Mark.Equals(mark);

        private static byte[] Write(List<Watched> all, JsonSerializerOptions json)
        {
            using var stream = new MemoryStream();
            foreach (var one in all)
            {
                stream.Write(Encoding.ASCII.GetBytes($"event: {one.Event}\ndata: "));
                JsonSerializer.Serialize(stream, one.Body, json);
                stream.Write("\n\n"u8);
            }

            return stream.ToArray();
        }
    }
}
