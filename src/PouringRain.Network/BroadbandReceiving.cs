using Microsoft.Extensions.Logging;
using PouringRain.Protocol;
using PouringRain.Protocol.Broadband;

namespace PouringRain.Network;

/// <summary>A stream that is taken from a "broadband" server, on a thread and a socket of its own.</summary>
public sealed class BroadbandReceiving : IAsyncDisposable
{
    private readonly Loop _loop;

    private BroadbandReceiving(Loop loop) => _loop = loop;

    /// <summary>Whether all came: false when the server went silent before its end. Fails when the sink does.</summary>
    public Task<bool> Completion => _loop.Completion;

    /// <summary>Bytes of the stream that came.</summary>
    public long Position => _loop.Position;

    /// <summary>The stream's length; -1 until the server has told its end.</summary>
    public long Length => _loop.Length;

    /// <summary>Times that the server was asked.</summary>
    public long NackCount => _loop.NackCount;

    /// <summary>Starts taking.</summary>
    /// <param name="socket">How the server's datagrams come.</param>
    /// <param name="options">From whom.</param>
    /// <param name="sink">Takes them, on the loop's thread.</param>
    /// <param name="logger">Where to log.</param>
    /// <exception cref="System.Net.Sockets.SocketException">The port cannot be had.</exception>
    public static BroadbandReceiving Start(
        GroupSocketOptions socket, BroadbandClientOptions options, IBroadbandSink sink, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(socket);
        var loop = new Loop(GroupSockets.OpenReceiving(socket, coalesce: false, logger), options, sink, logger);
        loop.Start("broadband client");
        return new BroadbandReceiving(loop);
    }

    /// <summary>Ends it.</summary>
    public async ValueTask DisposeAsync()
    {
        _loop.Stop();
        await _loop.Ended.ConfigureAwait(false);
    }

    private sealed class Loop(DatagramSocket socket, BroadbandClientOptions options, IBroadbandSink sink, ILogger logger)
        : DatagramLoop(socket, faults: null, seal: null, logger)
    {
        private readonly byte[] _buffer = new byte[BroadbandFormat.HeaderBytes];
        private readonly TaskCompletionSource<bool> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly BroadbandClient _client = new(options);
        private long _position, _length = -1, _nackCount;

        public Task<bool> Completion => _completion.Task;

        public long Position => Volatile.Read(ref _position);

        public long Length => Volatile.Read(ref _length);

        public long NackCount => Volatile.Read(ref _nackCount);

        protected override void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
        {
            if (_completion.Task.IsCompleted)
            {
                return;
            }

            var fresh = _client.Handle(now, from, datagram);
            try
            {
                sink.Append(fresh);
            }
            catch (Exception exception)
            {
                _completion.TrySetException(exception);
            }
        }

        protected override int LengthOfFirst(ReadOnlySpan<byte> coalesced) => 0;

        protected override Instant Advance(Instant now)
        {
            while (_client.TryPollTransmit(now, _buffer, out var transmit))
            {
                Send(now, transmit, _buffer);
            }

            Volatile.Write(ref _position, _client.Position);
            Volatile.Write(ref _length, _client.Length ?? -1);
            Volatile.Write(ref _nackCount, _client.NackCount);
            if (_client.IsComplete || _client.IsLost(now))
            {
                _completion.TrySetResult(_client.IsComplete);
            }

            return _completion.Task.IsCompleted ? Instant.Never : _client.NextTimeout;
        }
    }
}
