using System.Globalization;

namespace EndToEnd.FailingDisk;

/// <summary>A resource that an operation changes: what it was before, and what it is after; null for nothing.</summary>
internal sealed record DiskPoint(ulong Id, byte[]? Old, byte[]? New)
{
    public string Path => $"/resources/{Id.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>The path of an upload in several requests.</summary>
    public string Upload { get; set; } = "";
}

/// <summary>Something that a client asks for and that changes the disk.</summary>
internal abstract class DiskOperation
{
    /// <summary>Some blocks and a bit.</summary>
    protected const int Length = 200_001;

    public abstract string Name { get; }

    /// <summary>Has all there that the operation needs, with a disk that is well.</summary>
    public abstract Task<DiskPoint> PrepareAsync(FailingNode node, ulong id);

    /// <summary>Does it; the status of the answer, 0 for none.</summary>
    public abstract Task<int> RunAsync(FailingNode node, DiskPoint point);

    /// <summary>Does it again, with a disk that is well.</summary>
    public virtual Task<int> RetryAsync(FailingNode node, DiskPoint point) => RunAsync(node, point);

    public virtual bool IsSuccess(int status) => status is 200 or 201 or 204;

    /// <summary>Whether somebody else goes on trying what failed.</summary>
    public virtual bool IsRepeated => false;

    /// <summary>Reads what the gateway itself has.</summary>
    public virtual async Task<(int Status, byte[] Body)> ReadAsync(FailingNode node, DiskPoint point)
    {
        var (status, body, _) = await node.SendAsync(node.Gateway, "GET", point.Path, null, ("Cache-Control", "only-if-cached"));
        return (status, body);
    }

    protected static byte[] Bytes(ulong id, int version)
    {
        var bytes = new byte[Length];
        new Random((int)(id * 2) + version).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Puts bytes there with a disk that is well.</summary>
    protected static async Task PutAsync(FailingNode node, GatewayProcess to, DiskPoint point, byte[] bytes) =>
        Assert.InRange((await node.SendAsync(to, "PUT", point.Path, bytes)).Status, 200, 201);
}

/// <summary>PUT of what is new, or over an older version.</summary>
internal sealed class PutOperation(bool isOver) : DiskOperation
{
    public override string Name => isOver ? "put-over" : "put";

    public override async Task<DiskPoint> PrepareAsync(FailingNode node, ulong id)
    {
        var point = new DiskPoint(id, isOver ? Bytes(id, 0) : null, Bytes(id, 1));
        if (isOver)
        {
            await PutAsync(node, node.Gateway, point, point.Old!);
        }

        return point;
    }

    public override async Task<int> RunAsync(FailingNode node, DiskPoint point) =>
        (await node.SendAsync(node.Gateway, "PUT", point.Path, point.New)).Status;
}

/// <summary>The last PATCH of an upload in several requests, over an older version. Whatever becomes
/// of it, the upload goes on where HEAD says.</summary>
internal sealed class PatchOperation : DiskOperation
{
    private const int First = 90_000;

    public override string Name => "patch";

    public override async Task<DiskPoint> PrepareAsync(FailingNode node, ulong id)
    {
        var point = new DiskPoint(id, Bytes(id, 0), Bytes(id, 1));
        await PutAsync(node, node.Gateway, point, point.Old!);
        var (status, _, headers) = await node.SendAsync(
            node.Gateway, "PUT", point.Path, point.New![..First], ("Upload-Complete", "?0"), ("Upload-Length", $"{Length}"));
        Assert.Equal(201, status);
        point.Upload = headers!.Location!.OriginalString;
        return point;
    }

    public override Task<int> RunAsync(FailingNode node, DiskPoint point) => AppendAsync(node, point, First);

    public override async Task<int> RetryAsync(FailingNode node, DiskPoint point)
    {
        var (status, _, headers) = await node.SendAsync(node.Gateway, "HEAD", point.Upload);
        Assert.Equal(204, status);
        if (headers!.GetValues("Upload-Complete").Single() == "?1")
        {
            return 200;
        }

        var offset = int.Parse(headers.GetValues("Upload-Offset").Single(), CultureInfo.InvariantCulture);
        Assert.InRange(offset, 0, Length - 1);
        return await AppendAsync(node, point, offset);
    }

    private static async Task<int> AppendAsync(FailingNode node, DiskPoint point, int offset) => (await node.SendAsync(
        node.Gateway, "PATCH", point.Upload, point.New![offset..], ("Content-Type", "application/partial-upload"),
        ("Upload-Offset", offset.ToString(CultureInfo.InvariantCulture)), ("Upload-Complete", "?1"))).Status;
}

/// <summary>DELETE.</summary>
internal sealed class DeleteOperation : DiskOperation
{
    public override string Name => "delete";

    public override async Task<DiskPoint> PrepareAsync(FailingNode node, ulong id)
    {
        var point = new DiskPoint(id, Bytes(id, 0), null);
        await PutAsync(node, node.Gateway, point, point.Old!);
        return point;
    }

    public override async Task<int> RunAsync(FailingNode node, DiskPoint point) =>
        (await node.SendAsync(node.Gateway, "DELETE", point.Path)).Status;

    /// <summary>What is deleted already cannot be found.</summary>
    public override async Task<int> RetryAsync(FailingNode node, DiskPoint point) =>
        await RunAsync(node, point) is var status and not 404 ? status : 204;
}

/// <summary>GET of what another node has: whole and right, or broken off; and right the next time.</summary>
internal sealed class FetchOperation : DiskOperation
{
    public override string Name => "fetch";

    public override async Task<DiskPoint> PrepareAsync(FailingNode node, ulong id)
    {
        var bytes = Bytes(id, 1);
        var point = new DiskPoint(id, bytes, bytes);
        await PutAsync(node, node.Node, point, bytes);
        await node.WaitUntilTransfersEndAsync();
        return point;
    }

    public override async Task<int> RunAsync(FailingNode node, DiskPoint point)
    {
        // What it has when the answer is out it still puts on the disk.
        var (status, body, _) = await node.SendAsync(node.Gateway, "GET", point.Path);
        await node.WaitUntilTransfersEndAsync();
        Assert.True(status != 200 || body.AsSpan().SequenceEqual(point.New), "wrong bytes");
        return status;
    }

    public override Task<int> RetryAsync(FailingNode node, DiskPoint point) => ReadStatusAsync(node, point);

    public override async Task<(int Status, byte[] Body)> ReadAsync(FailingNode node, DiskPoint point)
    {
        await node.WaitUntilReadyAsync();
        var (status, body, _) = await node.SendAsync(node.Gateway, "GET", point.Path);
        return (status, body);
    }

    private async Task<int> ReadStatusAsync(FailingNode node, DiskPoint point) => (await ReadAsync(node, point)).Status;
}

/// <summary>A PUT to the other node which is to answer 201 once this one has it too.</summary>
internal sealed class PropagateOperation : DiskOperation
{
    public override string Name => "propagate";

    public override bool IsRepeated => true;

    public override Task<DiskPoint> PrepareAsync(FailingNode node, ulong id) => Task.FromResult(new DiskPoint(id, null, Bytes(id, 1)));

    /// <summary>202 of the node: this one does not have it, which is what 503 says elsewhere.</summary>
    public override async Task<int> RunAsync(FailingNode node, DiskPoint point) =>
        (await node.SendAsync(node.Node, "PUT", point.Path + "?replicas=2", point.New)).Status is var status and not 202 ? status : 503;

    public override async Task<(int Status, byte[] Body)> ReadAsync(FailingNode node, DiskPoint point)
    {
        // The other node goes on asking for a while.
        await node.WaitUntilTransfersEndAsync();
        return await base.ReadAsync(node, point);
    }
}
