using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Connections;

/// <summary>
/// Whether the client of a connection is still there. A client that has sent all it had may close its sending half (FIN), and waits for
/// the answer; the transport, and with it the server, takes that for the end of the connection. So the server is given a token of
/// ours, which says that the connection is closed when it was reset, when its output broke or when this side aborted it. After
/// a FIN the server goes on until its input is used up, which is then its end.
/// </summary>
/// <remarks>A client that is gone without a word looks the same as one that waits, until it answers what is sent to it with a reset;
/// from then on an empty send fails, which <see cref="Tick"/> tries.</remarks>
[SuppressMessage("Design", "CA1001", Justification = "A source without a timer holds nothing, and whoever has its token may still ask it.")]
internal sealed class ClientPresence
{
    private readonly ConnectionContext _connection;
    private readonly Socket _socket;
    private readonly CancellationTokenSource _gone = new();
    private volatile bool _isInputEnded;
    private int _isProbing;

    /// <summary>Puts its token in the place of a connection's.</summary>
    public ClientPresence(ConnectionContext connection, Socket socket)
    {
        _connection = connection;
        _socket = socket;
        connection.ConnectionClosed.UnsafeRegister(static state => ((ClientPresence)state!).OnInputEnded(), this);
        connection.ConnectionClosed = _gone.Token;
    }

    /// <summary>Breaks the connection.</summary>
    public void Abort(ConnectionAbortedException reason)
    {
        _connection.Abort(reason);
        End();
    }

    /// <summary>Once a second.</summary>
    public void Tick()
    {
        if (_isInputEnded && !_gone.IsCancellationRequested && Interlocked.Exchange(ref _isProbing, 1) == 0)
        {
            _ = ProbeAsync();
        }
    }

    /// <summary>The connection is over, or its client gone. Whoever waits for that runs on
    /// another thread: the caller may hold locks.</summary>
    public void End() => ThreadPool.UnsafeQueueUserWorkItem(static gone => gone.Cancel(), _gone, preferLocal: false);

    private void OnInputEnded()
    {
        // After a reset or an abort the socket knows that it is not connected; of a FIN it makes nothing.
        if (_socket.Connected)
        {
            _isInputEnded = true;
        }
        else
        {
            End();
        }
    }

    private async Task ProbeAsync()
    {
        try
        {
            await _socket.SendAsync(ReadOnlyMemory<byte>.Empty, SocketFlags.None, CancellationToken.None);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            End();
        }
        finally
        {
            Volatile.Write(ref _isProbing, 0);
        }
    }
}
