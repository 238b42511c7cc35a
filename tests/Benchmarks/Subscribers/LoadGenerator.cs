using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using PouringRain.Protocol;

namespace Benchmarks.Subscribers;

/// <summary>Many readers on one socket and one thread.</summary>
internal sealed class LoadGenerator : IAsyncDisposable
{
    private const int ReceiveBufferBytes = 8 << 20;
    private const int SubscribeBytesMax = SubscribeMessage.UnvalidatedBytesMin + (SubscribeMessage.ItemCountMax * RequestItem.SizeBytes);
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly TrickleReader[] _readers;
    private readonly TimeSpan _interval;
    private readonly byte[] _datagram = new byte[WireFormat.DatagramBytesMax];
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isStopping;

    /// <summary>Starts them; reader i has the subscription id i.</summary>
    public LoadGenerator(IPEndPoint server, TrickleReader[] readers, TimeSpan interval)
    {
        _readers = readers;
        _interval = interval;
        _socket.ReceiveBufferSize = ReceiveBufferBytes;
        _socket.Connect(server);
        _socket.Blocking = false;
        _thread = new Thread(Run) { IsBackground = true, Name = "load" };
        _thread.Start();
    }

    public async ValueTask DisposeAsync()
    {
        _isStopping = true;
        await _ended.Task;
        _socket.Dispose();
    }

    private void Run()
    {
        try
        {
            var clock = Stopwatch.StartNew();
            long renewed = 0;
            while (!_isStopping)
            {
                Receive();

                // All are renewed once an interval, one after the other, so that the server sees no waves.
                var due = (long)(clock.Elapsed / _interval * _readers.Length);
                for (var burst = 0; renewed < due && burst < 64; burst++, renewed++)
                {
                    Renew(_readers[renewed % _readers.Length]);
                }

                _socket.Poll(500, SelectMode.SelectRead);
            }

            _ended.SetResult();
        }
        catch (SocketException exception)
        {
            _ended.SetException(exception);
        }
    }

    private void Receive()
    {
        for (var count = 0; count < 1024; count++)
        {
            var length = _socket.Receive(_datagram, SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
            {
                return;
            }

            if (error == SocketError.Success && Fetch.TryReadSubscriptionId(_datagram.AsSpan(0, length), out var id) && id < _readers.Length
                && _readers[id].Handle(_datagram.AsSpan(0, length)))
            {
                Renew(_readers[id]);
            }
        }
    }

    private void Renew(TrickleReader reader)
    {
        Span<byte> datagram = stackalloc byte[SubscribeBytesMax];
        var length = reader.Write(datagram, (uint)(Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000)));

        // One that finds no room is lost, as any datagram may be; the next one is due soon.
        _socket.Send(datagram[..length], SocketFlags.None, out _);
    }
}
