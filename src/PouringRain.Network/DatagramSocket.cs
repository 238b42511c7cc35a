using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using PouringRain.Protocol;

namespace PouringRain.Network;

/// <summary>
/// A UDP socket that sends many datagrams in one call and receives many in one call where the kernel can (UDP_SEGMENT and UDP_GRO of
/// Linux, probed when it is opened), and one by one where it cannot. Nothing is allocated a datagram; what goes wrong with
/// one is counted, not thrown. One thread sends and receives; <see cref="Wake"/> alone may be called by others.
/// </summary>
/// <remarks>
/// Measured on a loopback with 1448-byte datagrams (one core each for sender and receiver): 0.23 GB/s one by one, 1.4 GB/s
/// when segmented, 11 GB/s when also coalesced.
/// </remarks>
internal sealed class DatagramSocket : IDisposable
{
    /// <summary>What a receive buffer must hold.</summary>
    public const int BufferBytes = 65_536;

    /// <summary>The most payload of one send, over IPv4 (65,535 less the headers of IP and UDP).</summary>
    public const int PayloadBytesMax = 65_507;

    // linux/in.h and linux/in6.h. "Probe" sets the don't-fragment bit and does not mind what ICMP claims about a path, which anybody may
    // forge: a path that is narrower than its first link shows by what does not come (QUIC does the same, RFC 9000, section 14.2.1).
    private const int IpLevel = 0, IpMtuDiscover = 10, Ipv6Level = 41, Ipv6MtuDiscover = 23, MtuDiscoverProbe = 3;

    // asm-generic/socket.h.
    private const int SocketLevel = 1, ReusePort = 15;

    // linux/udp.h. UDP_MAX_SEGMENTS was 64 before Linux 6.9, then 128.
    private const int UdpLevel = 17, UdpSegment = 103, UdpGro = 104, SegmentCountMax = 64;

    /// <summary>Segmented sends refused in a row, by a device that cannot, after which none is tried any more. Those that are too long for
    /// the path do not count.</summary>
    private const int RefusalCountMax = 16;

    private readonly Socket _socket;
    private readonly ILogger _logger;
    private readonly SocketAddress _from;
    private readonly SocketAddress _to;
    private readonly SocketAddress? _self;
    private ulong _errorsSeen;
    private int _segmentSize;
    private int _refusals;
    private SocketError _refusal;

    private DatagramSocket(Socket socket, ILogger logger)
    {
        _socket = socket;
        _logger = logger;
        _from = new SocketAddress(socket.AddressFamily);
        _to = new SocketAddress(socket.AddressFamily);
        LocalEndPoint = (IPEndPoint)socket.LocalEndPoint!;

        // What is sent to a group would not come to this socket alone.
        _self = GroupAddresses.IsGroup(LocalEndPoint.Address) ? null : SelfAddress(socket, LocalEndPoint).Serialize();
    }

    /// <summary>Where it is bound.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Whether one send call makes many datagrams.</summary>
    public bool IsSegmenting { get; private set; }

    /// <summary>Whether one receive call may bring many datagrams, all of one peer and of equal length but for the last.</summary>
    public bool IsCoalescing { get; private set; }

    /// <summary>Whether a datagram that is longer than a path takes vanishes there, or is
    /// refused by the first link, instead of being cut up.
    /// </summary>
    public bool IsUnfragmented { get; private set; }

    /// <summary>Bytes of the receive buffer as the kernel says it is (Linux counts its own overhead and doubles what was asked).</summary>
    public int ReceiveBufferBytes { get; private set; }

    /// <summary>Datagrams that the system did not take.</summary>
    public long SendFailures { get; private set; }

    /// <summary>Receive calls that brought an error instead of a datagram.</summary>
    public long ReceiveFailures { get; private set; }

    /// <summary>Whether a non-empty datagram waits.</summary>
    public bool HasPending => _socket.Available > 0;

    /// <summary>Opens a socket; one bound to IPv6's unspecified address also serves IPv4.</summary>
    /// <param name="endPoint">Where to bind it.</param>
    /// <param name="receiveBufferBytes">Kernel receive buffer asked for.</param>
    /// <param name="segment">Whether to use segmentation if it is there.</param>
    /// <param name="coalesce">Whether to take coalesced datagrams: the owner must then be able to split them.</param>
    /// <param name="logger">Where to log what was got.</param>
    /// <param name="mayFragment">Whether datagrams that are too long for a path may be cut up on it, as those of format 1 must be.</param>
    /// <param name="joins">Whether the endpoint is another socket's of this process, which
    /// lets others join (<see cref="TryLetJoin"/>).</param>
    /// <param name="configure">Does more with the socket before it is bound.</param>
    /// <exception cref="SocketException">The endpoint cannot be bound.</exception>
    public static DatagramSocket Open(
        IPEndPoint endPoint, int receiveBufferBytes, bool segment, bool coalesce, ILogger logger, bool mayFragment = false,
        bool joins = false, Action<Socket>? configure = null)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            if (OperatingSystem.IsWindows())
            {
                // SIO_UDP_CONNRESET off: there an unreachable peer would end a receive meant for all.
                socket.IOControl(unchecked((int)0x9800_000C), [0, 0, 0, 0], null);
            }

            // Guards against a wait that a datagram with a wrong checksum ended; a sender that finds the queue full waits this long.
            socket.ReceiveTimeout = 20;
            socket.SendTimeout = 100;
            socket.ReceiveBufferSize = receiveBufferBytes;
            if (joins && !TrySetOption(socket, SocketLevel, ReusePort, 1))
            {
                throw new SocketException((int)SocketError.OperationNotSupported);
            }

            configure?.Invoke(socket);
            socket.Bind(endPoint);
            var result = new DatagramSocket(socket, logger)
            {
                IsSegmenting = segment && TrySetOption(socket, UdpLevel, UdpSegment, 0),
                IsCoalescing = coalesce && TrySetOption(socket, UdpLevel, UdpGro, 1),
                IsUnfragmented = !mayFragment && TryForbidFragments(socket),
                ReceiveBufferBytes = socket.ReceiveBufferSize,
            };
            Log.SocketOpened(
                logger, result.LocalEndPoint, receiveBufferBytes, result.ReceiveBufferBytes, result.IsSegmenting, result.IsCoalescing,
                result.IsUnfragmented);
            return result;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Lets further sockets be bound to the same endpoint, among which the kernel divides the peers, each with all its datagrams to one
    /// socket (SO_REUSEPORT of Linux); false where that cannot be. Because this socket was bound without it, nobody shares the endpoint
    /// unawares: another process that does the same finds it taken.
    /// </summary>
    public bool TryLetJoin() => TrySetOption(_socket, SocketLevel, ReusePort, 1);

    /// <summary>Waits until a datagram is there; false when none came in time. The system rounds down to milliseconds, so less than
    /// one is no wait at all.</summary>
    public bool Wait(TimeSpan atMost)
    {
        try
        {
            return _socket.Poll((int)atMost.TotalMicroseconds, SelectMode.SelectRead);
        }
        catch (SocketException exception)
        {
            CountReceive(exception);
            return false;
        }
    }

    /// <summary>Receives once; to be called when <see cref="Wait"/> or <see cref="HasPending"/> said that something is there.</summary>
    /// <param name="buffer">At least <see cref="BufferBytes"/>.</param>
    /// <param name="from">The peer.</param>
    /// <param name="length">Bytes received.</param>
    public bool TryReceive(Span<byte> buffer, out PeerAddress from, out int length)
    {
        try
        {
            length = _socket.ReceiveFrom(buffer, SocketFlags.None, _from);
            from = SocketAddresses.Read(_from);
            return true;
        }
        catch (SocketException exception)
        {
            CountReceive(exception);
            length = 0;
            from = default;
            return false;
        }
    }

    /// <summary>Sends bytes as datagrams of <paramref name="segmentSize"/> bytes, the last one with what is left.</summary>
    public void Send(PeerAddress to, ReadOnlySpan<byte> bytes, int segmentSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(segmentSize);
        if (!SocketAddresses.TryWrite(to, _to))
        {
            SendFailures += (bytes.Length + segmentSize - 1) / segmentSize;
            return;
        }

        var isRefused = false;
        var burstBytes = Math.Min(SegmentCountMax, Math.Max(1, PayloadBytesMax / segmentSize)) * segmentSize;
        while (IsSegmenting && bytes.Length > segmentSize && burstBytes > segmentSize)
        {
            var burst = bytes[..Math.Min(bytes.Length, burstBytes)];
            if (SendSegmented(burst, segmentSize))
            {
                bytes = bytes[burst.Length..];
            }
            else
            {
                isRefused = true;
                break;
            }
        }

        while (!bytes.IsEmpty)
        {
            var datagram = bytes[..Math.Min(bytes.Length, segmentSize)];
            var error = SendOne(datagram);
            bytes = bytes[datagram.Length..];
            if (isRefused && error == SocketError.MessageSize)
            {
                // The path is narrow, and the next ones are as long. That says nothing of segmentation.
                SendFailures += bytes.Length / segmentSize;
                bytes = bytes[^(bytes.Length % segmentSize)..];
            }
            else if (isRefused)
            {
                CountRefusal();
            }

            isRefused = false;
        }
    }

    /// <summary>Sends one datagram that the way to the peer may be too narrow for: false when the system says so.</summary>
    public bool TrySendLong(PeerAddress to, ReadOnlySpan<byte> datagram) =>
        SocketAddresses.TryWrite(to, _to) && SendOne(datagram) != SocketError.MessageSize;

    /// <summary>Ends a <see cref="Wait"/> from another thread, by an empty datagram to itself. Where several sockets share the endpoint it
    /// may come to another of them: then whoever waits looks around by itself before long.</summary>
    public void Wake()
    {
        if (_self is null)
        {
            return;
        }

        try
        {
            _socket.SendTo([], SocketFlags.None, _self);
        }
        catch (SocketException)
        {
            // Whoever waits looks around by itself before long.
        }
        catch (ObjectDisposedException)
        {
            // Nobody waits any more.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static bool TryForbidFragments(Socket socket)
    {
        if (OperatingSystem.IsLinux())
        {
            // Over a socket of both versions go packets of both.
            var isSet = socket.AddressFamily == AddressFamily.InterNetwork
                || TrySetOption(socket, Ipv6Level, Ipv6MtuDiscover, MtuDiscoverProbe);
            var mayCarry4 = socket.AddressFamily == AddressFamily.InterNetwork || socket.DualMode;
            return isSet && (!mayCarry4 || TrySetOption(socket, IpLevel, IpMtuDiscover, MtuDiscoverProbe));
        }

        try
        {
            socket.DontFragment = true;
            return true;
        }
        catch (Exception exception) when (exception is SocketException or NotSupportedException)
        {
            return false;
        }
    }

    private static bool TrySetOption(Socket socket, int level, int option, int value)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        try
        {
            socket.SetRawSocketOption(level, option, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static IPEndPoint SelfAddress(Socket socket, IPEndPoint local) =>
        local.Address.Equals(IPAddress.Any) ? new IPEndPoint(IPAddress.Loopback, local.Port)
        : local.Address.Equals(IPAddress.IPv6Any)
            ? new IPEndPoint(socket.DualMode ? IPAddress.Loopback.MapToIPv6() : IPAddress.IPv6Loopback, local.Port)
        : local;

    private bool SendSegmented(ReadOnlySpan<byte> burst, int segmentSize)
    {
        if (!SetSegmentSize(segmentSize))
        {
            return false;
        }

        try
        {
            _socket.SendTo(burst, SocketFlags.None, _to);
            _refusals = 0;
            return true;
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.InvalidArgument or SocketError.MessageSize
            or SocketError.OperationNotSupported or SocketError.SocketError)
        {
            // A path with a smaller MTU, a tunnel, a device without checksums: this burst goes out one by one.
            _refusal = exception.SocketErrorCode;
            SetSegmentSize(0);
            return false;
        }
        catch (SocketException exception)
        {
            CountSend(exception, (burst.Length + segmentSize - 1) / segmentSize);
            return true;
        }
    }

    private void CountRefusal()
    {
        if (++_refusals == RefusalCountMax)
        {
            IsSegmenting = false;
            Log.SegmentationGivenUp(_logger, LocalEndPoint, _refusal);
        }
    }

    private SocketError SendOne(ReadOnlySpan<byte> datagram)
    {
        // A segment size cuts what is longer, and must fit the path even where nothing is cut.
        if (_segmentSize != 0 && _segmentSize < datagram.Length)
        {
            SetSegmentSize(0);
        }

        try
        {
            _socket.SendTo(datagram, SocketFlags.None, _to);
            return SocketError.Success;
        }
        catch (SocketException exception)
        {
            CountSend(exception, 1);
            if (_segmentSize != 0)
            {
                SetSegmentSize(0);
            }

            return exception.SocketErrorCode;
        }
    }

    private bool SetSegmentSize(int segmentSize)
    {
        if (_segmentSize == segmentSize)
        {
            return true;
        }

        if (!TrySetOption(_socket, UdpLevel, UdpSegment, segmentSize))
        {
            IsSegmenting = false;
            return false;
        }

        _segmentSize = segmentSize;
        return true;
    }

    private void CountSend(SocketException exception, int datagrams)
    {
        SendFailures += datagrams;
        LogOnce(exception);
    }

    private void CountReceive(SocketException exception)
    {
        ReceiveFailures++;
        LogOnce(exception);
    }

    /// <summary>Logs each kind of error once a socket: expected ones come by the thousand.</summary>
    private void LogOnce(SocketException exception)
    {
        var bit = 1UL << (int)((uint)exception.NativeErrorCode % 64);
        if ((_errorsSeen & bit) == 0 && exception.SocketErrorCode != SocketError.TimedOut)
        {
            _errorsSeen |= bit;
            Log.SocketError(_logger, LocalEndPoint, exception.SocketErrorCode);
        }
    }
}
