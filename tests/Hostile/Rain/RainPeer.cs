using System.Net;
using System.Net.Sockets;
using Benchmarks.Amplification;
using Hostile.Machine;
using PouringRain.Protocol;

namespace Hostile.Rain;

/// <summary>A socket at an address of loopback that says to a rain server whatever it likes.</summary>
internal sealed class RainPeer : IDisposable
{
    private readonly byte[] _buffer = new byte[1 << 16];
    private readonly Socket _socket;
    private uint _lastNumber;

    public RainPeer(Victim victim, string address)
        : this(victim.Rain, address)
    {
    }

    public RainPeer(IPEndPoint server, string address)
    {
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 22 };
        _socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        _socket.Connect(server);
    }

    /// <summary>A token for this socket.</summary>
    /// <exception cref="InvalidOperationException">The server does not offer the resource.</exception>
    public Bits128 AskForToken(ulong resource) => ForgedDatagrams.AskForToken(_socket, resource);

    /// <summary>Subscribes to the first blocks of a resource at any rate, with no word of what came.</summary>
    public void Subscribe(ulong resource, uint subscriptionId, Bits128 token)
    {
        var length = ForgedDatagrams.WriteSubscribe(_buffer, resource, subscriptionId, ++_lastNumber, token);
        Send(_buffer.AsSpan(0, length));
    }

    /// <summary>Sends PROPAGATE, and again with the token that it is answered with.</summary>
    /// <returns>What the server said last; null when it said nothing.</returns>
    public PropagateVerdict? Propagate(ulong resource, Sha256Digest version, long stamp, ushort rainPort)
    {
        Bits128 token = default;
        PropagateVerdict? verdict = null;
        for (var round = 0; round < 2; round++)
        {
            Send(Write(resource, version, stamp, rainPort, token));
            if (!TryReceive(TimeSpan.FromSeconds(1), out var datagram) || !PropagateAnswer.TryParse(datagram, out var answer))
            {
                return verdict;
            }

            verdict = answer.Verdict;
            token = answer.Token;
        }

        return verdict;
    }

    /// <summary>Sends PROPAGATE with a token and does not wait for an answer.</summary>
    public void PropagateBlindly(ulong resource, Sha256Digest version, long stamp, ushort rainPort, Bits128 token) =>
        Send(Write(resource, version, stamp, rainPort, token));

    /// <summary>A token for PROPAGATE; null when the server does not answer.</summary>
    public Bits128? AskForPropagateToken(ulong resource)
    {
        Send(Write(resource, default, long.MinValue, 1, default));
        return TryReceive(TimeSpan.FromSeconds(1), out var datagram) && PropagateAnswer.TryParse(datagram, out var answer)
            ? answer.Token : null;
    }

    /// <summary>Sends anything; what the kernel will not take is lost, as on any network.</summary>
    public void Send(ReadOnlySpan<byte> datagram) => _socket.Send(datagram, SocketFlags.None, out _);

    /// <summary>Waits for a datagram.</summary>
    public bool TryReceive(TimeSpan limit, out ReadOnlySpan<byte> datagram)
    {
        datagram = default;
        if (!_socket.Poll(limit, SelectMode.SelectRead))
        {
            return false;
        }

        var length = _socket.Receive(_buffer, SocketFlags.None, out var error);
        datagram = _buffer.AsSpan(0, error == SocketError.Success ? length : 0);
        return error == SocketError.Success;
    }

    public void Dispose() => _socket.Dispose();

    private ReadOnlySpan<byte> Write(ulong resource, Sha256Digest version, long stamp, ushort rainPort, Bits128 token)
    {
        var length = new PropagateMessage
        {
            SubscriptionId = ++_lastNumber,
            Resource = new ResourceId(resource),
            Version = version,
            Stamp = stamp,
            RainPort = rainPort,
            Token = token,
        }.Write(_buffer);
        return _buffer.AsSpan(0, length);
    }
}
