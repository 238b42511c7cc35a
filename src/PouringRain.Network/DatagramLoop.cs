using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using PouringRain.Protocol;
using PouringRain.Protocol.Sealing;

namespace PouringRain.Network;

/// <summary>
/// One socket, one thread, and state that only this thread touches. Each turn takes what other threads posted, receives what is there
/// (bounded), lets the state send what is due, and waits for the next datagram, timeout or post. An exception costs the
/// datagram or the piece of state that it came from, never the loop.
/// </summary>
internal abstract class DatagramLoop
{
    /// <summary>Receive calls in one turn: 1 MiB when coalesced.</summary>
    private const int ReceivesPerTurn = 16;

    /// <summary>The longest wait, should the datagram that <see cref="Post"/> wakes the loop with be lost.</summary>
    private static readonly TimeSpan WaitMax = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits shorter than this are spun: the system waits a millisecond at least. What a pacer allows meanwhile goes out at once
    /// then. At 1 GB/s a burst is due every 65 us; spinning for each cost a sender a fifth of its processor time.</summary>
    private static readonly TimeSpan SpinMax = TimeSpan.FromMicroseconds(20);

    /// <summary>How long a loop rests after an exception that nobody expected.</summary>
    private static readonly TimeSpan FailurePause = TimeSpan.FromMilliseconds(10);

    private readonly Lock _gate = new();
    private readonly ConcurrentQueue<Action<Instant>> _posted = new();
    private readonly byte[] _receiveBuffer = GC.AllocateArray<byte>(DatagramSocket.BufferBytes, pinned: true);
    private readonly SocketSeal? _seal;
    private readonly FaultInjector? _faultsIn;
    private readonly FaultInjector? _faultsOut;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _sendsLong;
    private Instant _receivedAt;
    private int _waiting;
    private bool _closed;
    private volatile bool _stopping;

    protected DatagramLoop(DatagramSocket socket, DatagramFaults? faults, SealSettings? seal, ILogger logger)
    {
        Socket = socket;
        Logger = logger;
        _seal = seal is null ? null : new SocketSeal(seal, socket.LocalEndPoint, logger);
        _sendsLong = faults is null;
        if (faults is not null)
        {
            _faultsIn = new FaultInjector(faults, 1, (peer, datagram) => HandleGuarded(peer, datagram));
            _faultsOut = new FaultInjector(faults, 2, (peer, datagram) => Socket.Send(peer, datagram, Math.Max(1, datagram.Length)));
        }
    }

    /// <summary>Ends when the thread has.</summary>
    public Task Ended => _ended.Task;

    /// <summary>The socket.</summary>
    public DatagramSocket Socket { get; }

    protected ILogger Logger { get; }

    private Instant NextFault => Instant.Min(_faultsIn?.NextTimeout ?? Instant.Never, _faultsOut?.NextTimeout ?? Instant.Never);

    /// <summary>Starts the thread.</summary>
    public void Start(string name) => new Thread(Run) { IsBackground = true, Name = name }.Start();

    /// <summary>Has something done on the loop's thread; false when the loop has ended and it will not be done. Thread-safe.</summary>
    public bool Post(Action<Instant> action)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return false;
            }

            _posted.Enqueue(action);
        }

        WakeIfWaiting();
        return true;
    }

    /// <summary>Ends the loop after everything that was posted. Thread-safe.</summary>
    public void Stop()
    {
        _stopping = true;
        WakeIfWaiting();
    }

    /// <summary>Takes one datagram.</summary>
    protected abstract void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram);

    /// <summary>Sends what is due, of which only so much that receiving is not kept waiting; answers when there is more to do, which may
    /// be now.</summary>
    protected abstract Instant Advance(Instant now);

    /// <summary>The length of the first of several coalesced datagrams of equal length, or 0 when it cannot be told.</summary>
    protected abstract int LengthOfFirst(ReadOnlySpan<byte> coalesced);

    /// <summary>Sends the output of a state machine; the buffer is scratch afterwards.</summary>
    protected void Send(Instant now, in Transmit transmit, Span<byte> buffer)
    {
        var bytes = buffer[..transmit.Length];
        if (_seal is null)
        {
            SendThroughFaults(now, transmit.To, bytes, transmit.SegmentSize);
            return;
        }

        while (!bytes.IsEmpty)
        {
            if (_sendsLong && transmit.To.IsLoopback && _seal.TrySealTogether(bytes, transmit.SegmentSize, out var taken, out var datagram))
            {
                _sendsLong = Socket.TrySendLong(transmit.To, datagram);
                bytes = bytes[(_sendsLong ? taken : 0)..];
                continue;
            }

            taken = _seal.Seal(bytes, transmit.SegmentSize, out var burst, out var segmentSize);
            SendThroughFaults(now, transmit.To, burst, segmentSize);
            bytes = bytes[taken..];
        }
    }

    private void SendThroughFaults(Instant now, PeerAddress to, ReadOnlySpan<byte> bytes, int segmentSize)
    {
        if (_faultsOut is null)
        {
            Socket.Send(to, bytes, segmentSize);
            return;
        }

        while (!bytes.IsEmpty)
        {
            var length = Math.Min(bytes.Length, segmentSize);
            _faultsOut.Pass(now, to, bytes[..length]);
            bytes = bytes[length..];
        }
    }

    private void Run()
    {
        var mayReceive = false;
        while (!_stopping)
        {
            try
            {
                mayReceive = Wait(Turn(mayReceive));
            }
            catch (Exception exception)
            {
                // A wait that fails may go on failing, and is no wait then.
                Log.LoopFailed(Logger, exception, Socket.LocalEndPoint);
#pragma warning disable RS0030 // There is nothing else left to wait by.
                Thread.Sleep(FailurePause);
#pragma warning restore RS0030
            }
        }

        lock (_gate)
        {
            _closed = true;
        }

        TakePosted();
        Socket.Dispose();
        _seal?.Dispose();
        _ended.TrySetResult();
    }

    private Instant Turn(bool mayReceive)
    {
        try
        {
            TakePosted();
            if (mayReceive)
            {
                Receive();
            }

            var now = MonotonicClock.Now;
            ReleaseFaults(now);
            return Instant.Min(Advance(now), NextFault);
        }
        catch (Exception exception)
        {
            Log.LoopFailed(Logger, exception, Socket.LocalEndPoint);
            return MonotonicClock.Now + FailurePause;
        }
    }

    private void TakePosted()
    {
        // Only what is there now: posters that never rest must not keep the loop from its socket.
        for (var left = _posted.Count; left > 0 && _posted.TryDequeue(out var action); left--)
        {
            try
            {
                action(MonotonicClock.Now);
            }
            catch (Exception exception)
            {
                Log.LoopFailed(Logger, exception, Socket.LocalEndPoint);
            }
        }
    }

    private void Receive()
    {
        for (var i = 0; i < ReceivesPerTurn; i++)
        {
            if (Socket.TryReceive(_receiveBuffer, out var from, out var length))
            {
                _receivedAt = MonotonicClock.Now;
                Split(from, _receiveBuffer.AsSpan(0, length));
            }

            if (!Socket.HasPending)
            {
                break;
            }
        }
    }

    private void Split(PeerAddress from, ReadOnlySpan<byte> bytes)
    {
        var size = !Socket.IsCoalescing ? 0 : _seal is null ? LengthOfFirst(bytes) : SealedFormat.LengthOfFirst(bytes);
        if (size <= 0)
        {
            size = bytes.Length;
        }

        while (!bytes.IsEmpty)
        {
            var datagram = bytes[..Math.Min(size, bytes.Length)];
            if (_faultsIn is null)
            {
                HandleGuarded(from, datagram);
            }
            else
            {
                _faultsIn.Pass(_receivedAt, from, datagram);
            }

            bytes = bytes[datagram.Length..];
        }
    }

    private void HandleGuarded(PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        try
        {
            if (_seal is null)
            {
                Handle(_receivedAt, from, datagram);
            }
            else if (_seal.TryOpen(_receivedAt, from, datagram, out var opened))
            {
                HandleOpened(from, opened, SealedFormat.HoldsSeveral(datagram));
            }
        }
        catch (Exception exception)
        {
            Log.DatagramFailed(Logger, exception, from);
        }
    }

    private void HandleOpened(PeerAddress from, ReadOnlySpan<byte> opened, bool areSeveral)
    {
        while (areSeveral && WireFormat.LengthOfFirst(opened) is > 0 and var length)
        {
            Handle(_receivedAt, from, opened[..length]);
            opened = opened[length..];
        }

        if (!opened.IsEmpty)
        {
            Handle(_receivedAt, from, opened);
        }
    }

    private void ReleaseFaults(Instant now)
    {
        _receivedAt = now;
        _faultsIn?.Release(now);
        _faultsOut?.Release(now);
    }

    private bool Wait(Instant next)
    {
        var now = MonotonicClock.Now;
        var wait = next == Instant.Never || next - now > WaitMax ? WaitMax : next - now;
        wait = wait < SpinMax ? TimeSpan.Zero : wait < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : wait;
        if (wait == TimeSpan.Zero)
        {
            return Socket.Wait(wait);
        }

        // Either this thread sees what is posted before it waits, or the poster sees that it waits.
        Volatile.Write(ref _waiting, 1);
        Interlocked.MemoryBarrier();
        var came = Socket.Wait(_posted.IsEmpty && !_stopping ? wait : TimeSpan.Zero);
        Volatile.Write(ref _waiting, 0);
        return came;
    }

    private void WakeIfWaiting()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _waiting) == 1 && Interlocked.Exchange(ref _waiting, 0) == 1)
        {
            Socket.Wake();
        }
    }
}
