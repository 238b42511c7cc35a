using System.Net.Sockets;

namespace Gateway.Connections;

/// <summary>Sends runs of files to a socket, one at a time.</summary>
internal sealed class FileSend : SocketAsyncEventArgs
{
    private readonly SendPacketsElement[] _elements = new SendPacketsElement[1];
    private TaskCompletionSource _completion = new();

    /// <summary>Bytes of the last run that the socket took, all of them or not.</summary>
    public int SentBytes { get; private set; }

    /// <summary>Sends a run.</summary>
    /// <exception cref="SocketException">The socket takes no more.</exception>
    /// <exception cref="NotSupportedException">It was closed before.</exception>
    public Task SendAsync(Socket socket, FileStream file, long offset, int count)
    {
        _completion = new TaskCompletionSource();
        SentBytes = 0;
        _elements[0] = new SendPacketsElement(file, offset, count);
        SendPacketsElements = _elements;
        if (!socket.SendPacketsAsync(this))
        {
            OnCompleted(this);
        }

        return _completion.Task;
    }

    /// <inheritdoc/>
    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        SentBytes = BytesTransferred;
        if (SocketError == SocketError.Success)
        {
            _completion.SetResult();
        }
        else
        {
            _completion.SetException(new SocketException((int)SocketError));
        }
    }
}
