using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using PouringRain.Protocol;

namespace Gateway.Connections;

/// <summary>A connection that has a place in the <see cref="ConnectionTable"/>, until it is disposed of.</summary>
internal sealed class HeldConnection : ConnectionContext
{
    private readonly ConnectionContext _inner;
    private readonly ConnectionTable _table;
    private int _requests;
    private volatile bool _wasUsed;
    private int _isDisposed;

    public HeldConnection(ConnectionContext inner, ConnectionTable table)
    {
        _inner = inner;
        _table = table;
        inner.Features.Set(this);
    }

    /// <summary>Changed by the table alone, under its lock.</summary>
    public AddressShares<HeldConnection>.Place? Place { get; set; }

    /// <inheritdoc cref="Place"/>
    public bool IsEvicted { get; set; }

    public override string ConnectionId { get => _inner.ConnectionId; set => _inner.ConnectionId = value; }

    public override IFeatureCollection Features => _inner.Features;

    public override IDictionary<object, object?> Items { get => _inner.Items; set => _inner.Items = value; }

    public override IDuplexPipe Transport { get => _inner.Transport; set => _inner.Transport = value; }

    public override EndPoint? LocalEndPoint { get => _inner.LocalEndPoint; set => _inner.LocalEndPoint = value; }

    public override EndPoint? RemoteEndPoint { get => _inner.RemoteEndPoint; set => _inner.RemoteEndPoint = value; }

    public override CancellationToken ConnectionClosed { get => _inner.ConnectionClosed; set => _inner.ConnectionClosed = value; }

    public override void Abort() => _inner.Abort();

    public override void Abort(ConnectionAbortedException abortReason) => _inner.Abort(abortReason);

    public override async ValueTask DisposeAsync()
    {
        try
        {
            await _inner.DisposeAsync();
            await base.DisposeAsync();
        }
        finally
        {
            if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
            {
                _table.Remove(this);
            }
        }
    }

    /// <summary>A request has come.</summary>
    public void Begin()
    {
        Interlocked.Increment(ref _requests);
        _wasUsed = true;
    }

    /// <summary>A request has ended.</summary>
    public void End() => Interlocked.Decrement(ref _requests);

    /// <summary>Whether it has no request, and had none since this was asked last.</summary>
    public bool IsIdleSinceLook()
    {
        var isIdle = Volatile.Read(ref _requests) == 0 && !_wasUsed;
        _wasUsed = false;
        return isIdle;
    }
}
