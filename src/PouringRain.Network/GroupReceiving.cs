using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using PouringRain.Protocol;
using PouringRain.Protocol.Grouping;

namespace PouringRain.Network;

/// <summary>
/// Group rain that is taken: one socket hears the group, another sends and hears what is for this receiver alone, each on a thread of its
/// own; blocks are decoded, verified and kept on workers. What does not come on the group is fetched by unicast in the end.
/// </summary>
public sealed partial class GroupReceiving : IAsyncDisposable
{
    /// <summary>Blocks out at once for each core: one in work, and one that waits.</summary>
    private const int WorksPerCore = 2;

    /// <summary>What is asked for by unicast is asked for again after a while, so often at most without a block that came.</summary>
    private const int FetchCountMax = 30;

    private static readonly TimeSpan FetchInterval = TimeSpan.FromSeconds(1), SnapshotInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Both loops and the workers take it: the machines are one thread's at a time.</summary>
    private readonly Lock _gate = new();

    private readonly TaskCompletionSource<GroupReceiverEndReason> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[] _buffer = GC.AllocateArray<byte>(DatagramSocket.PayloadBytesMax, pinned: true);
    private readonly TokenCache _tokens = new();
    private readonly int _worksMax = WorksPerCore * Environment.ProcessorCount;
    private readonly GroupReceiver _receiver;
    private readonly IGroupSink _sink;
    private readonly Loop _group, _unicast;
    private GroupReceiverSnapshot _snapshot;
    private Instant _nextSnapshot;
    private Fetch? _fetch;
    private Instant _fetchAgainAt = Instant.Never;
    private int _fetchCount, _worksOut;
    private bool _isClosed;

    private GroupReceiving(
        DatagramSocket group, DatagramSocket unicast, GroupReceiverOptions options, IGroupSink sink, SealSettings? seal, ILogger logger)
    {
        _receiver = new GroupReceiver(options, RandomNumber.Draw(), MonotonicClock.Now);
        _snapshot = _receiver.Snapshot();
        _sink = sink;
        _group = new Loop(this, group, seal, logger);
        _unicast = new Loop(this, unicast, seal, logger);
    }

    /// <summary>Why it ended. What went wrong with the sink is <see cref="Failure"/>.</summary>
    public Task<GroupReceiverEndReason> Completion => _completion.Task;

    /// <summary>Why the sink could not take what came; null when it could.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>What came so far.</summary>
    public GroupReceiverSnapshot Snapshot => Volatile.Read(ref _snapshot);

    /// <summary>How far it has come.</summary>
    public GroupReceiverState State
    {
        get
        {
            lock (_gate)
            {
                return _receiver.State;
            }
        }
    }

    /// <summary>The manifest, once known.</summary>
    public Manifest? Manifest
    {
        get
        {
            lock (_gate)
            {
                return _receiver.Manifest;
            }
        }
    }

    /// <summary>Where the stream comes from; null before one was found and, where it is sealed, has answered.</summary>
    public PeerAddress? Sender
    {
        get
        {
            lock (_gate)
            {
                return _receiver.Sender;
            }
        }
    }

    /// <summary>Whether what is missing is being fetched by unicast.</summary>
    public bool IsOnUnicast
    {
        get
        {
            lock (_gate)
            {
                return _fetch is not null || _fetchAgainAt != Instant.Never;
            }
        }
    }

    /// <summary>Why what is missing is not awaited on the group any more, in words; empty while it is.</summary>
    public string UnicastReason
    {
        get
        {
            lock (_gate)
            {
                return _receiver.UnicastReason switch
                {
                    GroupUnicastReason.None => "",
                    GroupUnicastReason.Silent when _receiver.Snapshot().Droplets == 0 =>
                        $"the group does not pass from {_receiver.Sender} to here",
                    GroupUnicastReason.Silent => "nothing comes on the group any more",
                    GroupUnicastReason.Narrow => "of the group only short datagrams pass to here",
                    GroupUnicastReason.Crawls => string.Create(
                        CultureInfo.InvariantCulture,
                        $"the group brings {_receiver.Snapshot().RateBitsPerSecond / 1e6:0.0} Mbit/s here, and a trial by unicast came at "
                        + $"{_receiver.Snapshot().TrainBitsPerSecond / 1e6:0.0}, as it is on Wi-Fi, which carries multicast slowly"),
                    GroupUnicastReason.WrongBlocks => "somebody rains wrong bytes on the group in the sender's name",
                    _ => "the last round is over",
                };
            }
        }
    }

    /// <summary>Starts listening.</summary>
    /// <param name="socket">How the group is heard.</param>
    /// <param name="options">What is taken; whether it is sealed is set here.</param>
    /// <param name="sink">Where it is put.</param>
    /// <param name="seal">The secrets of what is taken; null when it is not sealed.</param>
    /// <param name="logger">Where to log.</param>
    /// <exception cref="SocketException">A socket cannot be had.</exception>
    public static GroupReceiving Start(
        GroupSocketOptions socket, GroupReceiverOptions options, IGroupSink sink, SealSettings? seal, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(socket);
        var group = GroupSockets.OpenReceiving(socket, coalesce: true, logger);
        DatagramSocket? unicast = null;
        try
        {
            unicast = DatagramSocket.Open(
                new IPEndPoint(socket.IsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0), socket.ReceiveBufferBytes, segment: true,
                coalesce: true, logger);
            var result = new GroupReceiving(group, unicast, options with { IsSealed = seal is not null }, sink, seal, logger);
            result._group.Start("group receiver");
            result._unicast.Start("group receiver, unicast");
            return result;
        }
        catch
        {
            group.Dispose();
            unicast?.Dispose();
            throw;
        }
    }

    /// <summary>Gives up, and tells the sender: see <see cref="Completion"/>.</summary>
    public void Cancel() => Fail(GroupFailure.Cancelled);

    /// <summary>Gives up for a reason, and tells the sender, as soon as there is one.</summary>
    public void Fail(GroupFailure reason) => _unicast.Post(now =>
    {
        lock (_gate)
        {
            _receiver.Fail(now, reason);
        }
    });

    /// <summary>Ends it at once.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isClosed = true;
        }

        _group.Stop();
        _unicast.Stop();
        await Task.WhenAll(_group.Ended, _unicast.Ended).ConfigureAwait(false);
        lock (_gate)
        {
            _fetch?.Dispose();
            _receiver.Dispose();
        }
    }

    private void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            _receiver.Handle(now, from, datagram);
            if (!GroupFormat.IsGroupMessage(datagram))
            {
                _fetch?.Handle(now, from, datagram);
            }
        }
    }

    private sealed class Loop(GroupReceiving owner, DatagramSocket socket, SealSettings? seal, ILogger logger)
        : DatagramLoop(socket, faults: null, seal, logger)
    {
        public void Transmit(Instant now, in Transmit transmit, Span<byte> buffer) => Send(now, transmit, buffer);

        /// <summary>Has the machines looked at.</summary>
        public void Touch() => Post(static _ => { });

        protected override void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram) => owner.Handle(now, from, datagram);

        protected override int LengthOfFirst(ReadOnlySpan<byte> coalesced) => WireFormat.LengthOfFirst(coalesced);

        protected override Instant Advance(Instant now) => owner.Advance(now);
    }
}
