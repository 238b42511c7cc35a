using Microsoft.Extensions.Logging;
using PouringRain.Protocol;
using PouringRain.Protocol.Broadband;

namespace PouringRain.Network;

/// <summary>A stream to a group of "broadband" clients that is running, on a thread and a socket of its own.</summary>
public sealed class BroadbandSending : IAsyncDisposable
{
    private readonly Loop _loop;

    private BroadbandSending(Loop loop) => _loop = loop;

    /// <summary>Ends when nobody asks any more; fails when the source cannot be read.</summary>
    public Task Completion => _loop.Completion;

    /// <summary>What was done so far.</summary>
    public BroadbandServerFigures Figures => _loop.Figures;

    /// <summary>Starts streaming.</summary>
    /// <param name="socket">How the clients are reached.</param>
    /// <param name="port">Where NACKs come to, and what is sent comes from.</param>
    /// <param name="options">To whom, how fast.</param>
    /// <param name="source">What; read on the loop's thread.</param>
    /// <param name="logger">Where to log.</param>
    /// <exception cref="System.Net.Sockets.SocketException">The port cannot be had.</exception>
    public static BroadbandSending Start(
        GroupSocketOptions socket, int port, BroadbandServerOptions options, IByteSource source, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(socket);
        var loop = new Loop(GroupSockets.OpenSending(socket, port, logger), options, source, logger);
        loop.Start("broadband server");
        return new BroadbandSending(loop);
    }

    /// <summary>Ends it.</summary>
    public async ValueTask DisposeAsync()
    {
        _loop.Stop();
        await _loop.Ended.ConfigureAwait(false);
    }

    private sealed class Loop : DatagramLoop
    {
        /// <summary>Bursts sent before what came is looked at.</summary>
        private const int TransmitsPerTurn = 16;

        private static readonly TimeSpan FiguresInterval = TimeSpan.FromMilliseconds(50);

        private readonly byte[] _buffer = GC.AllocateArray<byte>(DatagramSocket.PayloadBytesMax, pinned: true);
        private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly BroadbandServer _server;
        private BroadbandServerFigures _figures;
        private Instant _nextFigures;

        public Loop(DatagramSocket socket, BroadbandServerOptions options, IByteSource source, ILogger logger)
            : base(socket, faults: null, seal: null, logger)
        {
            _server = new BroadbandServer(options, source, MonotonicClock.Now);
            _figures = _server.GetFigures(MonotonicClock.Now);
        }

        public Task Completion => _completion.Task;

        public BroadbandServerFigures Figures => Volatile.Read(ref _figures);

        protected override void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram) => _server.Handle(now, from, datagram);

        protected override int LengthOfFirst(ReadOnlySpan<byte> coalesced) => 0;

        protected override Instant Advance(Instant now)
        {
            try
            {
                for (var i = 0; i < TransmitsPerTurn && _server.TryPollTransmit(now, _buffer, out var transmit); i++)
                {
                    Send(now, transmit, _buffer);
                }
            }
            catch (Exception exception)
            {
                // What is not sent is sent to nobody: there is no use in going on.
                _completion.TrySetException(exception);
                Stop();
                return Instant.Never;
            }

            if (now >= _nextFigures || _server.Phase == BroadbandPhase.Done)
            {
                _nextFigures = now + FiguresInterval;
                Volatile.Write(ref _figures, _server.GetFigures(now));
            }

            if (_server.Phase == BroadbandPhase.Done)
            {
                _completion.TrySetResult();
            }

            return _server.NextTimeout;
        }
    }
}
