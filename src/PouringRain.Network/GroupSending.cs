using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using PouringRain.Protocol;
using PouringRain.Protocol.Grouping;

namespace PouringRain.Network;

/// <summary>Group rain that is running, on a thread and a socket of its own; at the same port an ordinary rain server serves, by unicast,
/// whoever lacks something in the end.</summary>
public sealed class GroupSending : IAsyncDisposable
{
    private readonly Loop _loop;

    private GroupSending(Loop loop) => _loop = loop;

    /// <summary>Ends when the rain does, and has said so.</summary>
    public Task<GroupEndReason> Completion => _loop.Completion;

    /// <summary>What was done so far.</summary>
    public GroupSenderSnapshot Snapshot => _loop.Snapshot;

    /// <summary>Bytes that went to single receivers, of those that lacked something.</summary>
    public long UnicastBytes => _loop.UnicastBytes;

    /// <summary>Starts raining.</summary>
    /// <param name="socket">How the group is reached.</param>
    /// <param name="options">How fast and how long; its group, token key, seal and rain port are set here.</param>
    /// <param name="resource">The resource.</param>
    /// <param name="content">The version, held whole.</param>
    /// <param name="seal">Seals every datagram; null for none.</param>
    /// <param name="logger">Where to log.</param>
    /// <exception cref="System.Net.Sockets.SocketException">The socket cannot be had.</exception>
    public static GroupSending Start(
        GroupSocketOptions socket, GroupSenderOptions options, ResourceId resource, IRainContent content, SealSettings? seal,
        ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentNullException.ThrowIfNull(options);
        var opened = GroupSockets.OpenSending(socket, socket.SenderPort, logger);
        try
        {
            var set = options with
            {
                Group = PeerAddress.From(socket.Group),
                TokenKey = RandomNumberGenerator.GetBytes(32),
                IsSealed = seal is not null,
                RainPort = (ushort)opened.LocalEndPoint.Port,
            };
            var loop = new Loop(opened, set, resource, content, seal, logger);
            loop.Start("group sender");
            return new GroupSending(loop);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Its receivers.</summary>
    public Task<IReadOnlyList<GroupReceiverRow>> GetReceiversAsync() => _loop.GetReceiversAsync();

    /// <summary>Ends the rain, and says so to the group: see <see cref="Completion"/>.</summary>
    public void Cancel() => _loop.Cancel();

    /// <summary>Ends it at once.</summary>
    public async ValueTask DisposeAsync()
    {
        _loop.Stop();
        await _loop.Ended.ConfigureAwait(false);
    }

    private sealed class Loop : DatagramLoop
    {
        /// <summary>Bursts sent before what came is looked at.</summary>
        private const int TransmitsPerTurn = 16;

        private static readonly TimeSpan SnapshotInterval = TimeSpan.FromMilliseconds(50);

        private readonly byte[] _buffer = GC.AllocateArray<byte>(DatagramSocket.PayloadBytesMax, pinned: true);
        private readonly TaskCompletionSource<GroupEndReason> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly GroupSender _sender;
        private readonly RainServer _server;
        private GroupSenderSnapshot _snapshot;
        private Instant _nextSnapshot;
        private long _unicastBytes;

        public Loop(
            DatagramSocket socket, GroupSenderOptions options, ResourceId resource, IRainContent content, SealSettings? seal,
            ILogger logger)
            : base(socket, faults: null, seal, logger)
        {
            var now = MonotonicClock.Now;
            _sender = new GroupSender(options, resource, content, RandomNumber.Draw(), now);
            _server = new RainServer(
                new RainServerOptions
                {
                    TokenKey = options.TokenKey,
                    Ceiling = RainCeiling.Of(Math.Max(1, options.RateBitsPerSecond / 8)),
                },
                new Catalog(resource, content), RandomNumber.Draw());
            _snapshot = _sender.Snapshot(now);
        }

        public Task<GroupEndReason> Completion => _completion.Task;

        public GroupSenderSnapshot Snapshot => Volatile.Read(ref _snapshot);

        public long UnicastBytes => Interlocked.Read(ref _unicastBytes);

        public void Cancel() => Post(_sender.Cancel);

        public Task<IReadOnlyList<GroupReceiverRow>> GetReceiversAsync()
        {
            var answer = new TaskCompletionSource<IReadOnlyList<GroupReceiverRow>>(TaskCreationOptions.RunContinuationsAsynchronously);
            return Post(_ => answer.SetResult(_sender.Receivers())) ? answer.Task : Task.FromResult(_sender.Receivers());
        }

        protected override void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
        {
            if (GroupFormat.IsGroupMessage(datagram))
            {
                _sender.Handle(now, from, datagram);
            }
            else
            {
                _server.Handle(now, from, datagram);
            }
        }

        protected override int LengthOfFirst(ReadOnlySpan<byte> coalesced) => coalesced.Length;

        protected override Instant Advance(Instant now)
        {
            while (_sender.TryPollEvent(out _))
            {
                // The snapshot tells it.
            }

            for (var i = 0; i < TransmitsPerTurn && _sender.TryPollTransmit(now, _buffer, out var transmit); i++)
            {
                Send(now, transmit, _buffer);
            }

            for (var i = 0; i < TransmitsPerTurn && _server.TryPollTransmit(now, _buffer, out var transmit); i++)
            {
                Interlocked.Add(ref _unicastBytes, transmit.Length);
                Send(now, transmit, _buffer);
            }

            while (_server.TryPollEvent(out _))
            {
                // Nothing is propagated to a sender.
            }

            var hasEnded = _sender.EndReason != GroupEndReason.None;
            if (now >= _nextSnapshot || hasEnded)
            {
                _nextSnapshot = now + SnapshotInterval;
                Volatile.Write(ref _snapshot, _sender.Snapshot(now));
            }

            if (hasEnded && _sender.NextTimeout == Instant.Never)
            {
                _completion.TrySetResult(_sender.EndReason);
            }

            return Instant.Min(_sender.NextTimeout, _server.NextTimeout);
        }
    }

    /// <summary>The one version that there is.</summary>
    private sealed class Catalog(ResourceId resource, IRainContent only) : IRainCatalog
    {
        public CatalogAnswer Find(ResourceId id, out IRainContent? content)
        {
            content = id == resource ? only : null;
            return content is null ? CatalogAnswer.Missing : CatalogAnswer.Found;
        }

        public CatalogAnswer Find(ResourceId id, ulong versionTag, out IRainContent? content)
        {
            content = id == resource && only.Manifest.Version.Tag == versionTag ? only : null;
            return content is null ? CatalogAnswer.Missing : CatalogAnswer.Found;
        }
    }
}
