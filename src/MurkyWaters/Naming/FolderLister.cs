using MurkyWaters.Cluster;
using MurkyWaters.Fetching;
using MurkyWaters.Store;
using PouringRain.Network;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;
using PouringRain.Protocol.Naming;

namespace MurkyWaters.Naming;

/// <summary>Lists folders, page by page, of what all nodes keep: each is asked for a page of its own, the newest of each name counts, and
/// what is known here to have been deleted since does not. Thread-safe.</summary>
internal sealed class FolderLister
{
    /// <summary>How long a page waits for the other nodes, and soon after the start until it is known who they are.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>How long nodes that have not answered are asked on for a folder that nothing is known of: there is nothing to show
    /// meanwhile.</summary>
    private static readonly TimeSpan PatienceForAny = TimeSpan.FromSeconds(7);

    private readonly ResourceStore _store;
    private readonly ClusterNodes _nodes;
    private readonly IRainTransport _transport;
    private readonly TimeProvider _time;
    private readonly TokenCache _tokens = new();

    public FolderLister(ResourceStore store, ClusterNodes nodes, IRainTransport transport, TimeProvider time) =>
        (_store, _nodes, _transport, _time) = (store, nodes, transport, time);

    /// <summary>What of a folder is kept here, for other nodes; null while the catalog cannot be read.</summary>
    public (IReadOnlyList<FolderEntry> Entries, bool IsEnd)? ListHere(FolderQuery query)
    {
        try
        {
            var (entries, isEnd) = _store.Catalog.ListFolder(query);
            return (entries, isEnd);
        }
        catch (StoreException)
        {
            return null;
        }
    }

    /// <summary>A page of a folder.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public async Task<FolderPage> ListAsync(FolderQuery query, CancellationToken cancellationToken)
    {
        await _nodes.SettleAsync(Patience, cancellationToken);
        var members = _nodes.Members.Where(member => member.Id != _store.NodeId && member.State != MemberState.Gone).ToArray();
        var asked = members.Where(member => member.IsReachable && !member.Rain.IsDefaultOrEmpty).ToArray();
        var inquiry = AskAsync(query, asked, Patience, cancellationToken);
        var here = _store.Catalog.ListFolder(query);
        var told = await inquiry;
        if (query.Folder.Length > 0 && here.Entries.Count == 0 && told.All(answer => answer.Entries.IsEmpty))
        {
            var silentYet = told.Where(answer => !answer.IsWhole).Select(answer => answer.Node).ToHashSet();
            var late = await AskAsync(
                query, [.. asked.Where(member => silentYet.Contains(member.Id))], PatienceForAny, cancellationToken);
            told = [.. told.Where(answer => answer.IsWhole), .. late];
        }

        var page = FolderMerge.Merge(query, [here, .. told.Select(answer => ((IReadOnlyList<FolderEntry>)answer.Entries, answer.IsEnd))]);

        // A node that is given up has been replaced by others: it is not missed.
        var silent = told.Where(answer => !answer.IsWhole).Select(answer => answer.Node)
            .Concat(members.Except(asked).Where(member => member.State != MemberState.Down).Select(member => member.Id));
        return page with { Items = [.. page.Items.Where(item => !IsDeleted(query.Folder, item))], Silent = [.. silent] };
    }

    private async Task<IReadOnlyList<FolderAnswer>> AskAsync(
        FolderQuery query, ClusterMember[] members, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (members.Length == 0)
        {
            return [];
        }

        var inquiry = new FolderInquiry(
            _store.NodeId, _tokens, query, members, _time.GetInstant() + patience, _nodes.ContactsChangedAt + patience,
            RandomNumber.Draw());
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            _transport.Start(inquiry, () =>
            {
                if (inquiry.IsOver)
                {
                    over.TrySetResult();
                }
            });

            // The machine ends by itself; a loop that breaks does not say so.
            await over.Task.WaitAsync(2 * patience, _time, cancellationToken);
        }
        catch (Exception error) when (error is System.Net.Sockets.SocketException or ObjectDisposedException or TimeoutException)
        {
            // The transport has said so; whoever lists is told that nobody has answered.
        }

        return inquiry.Answers;
    }

    /// <summary>Others may not have heard of it yet.</summary>
    private bool IsDeleted(string folder, FolderEntry entry) =>
        !entry.IsFolder && _store.FindEntry(ResourcePath.IdOf(folder + entry.Name)) is { IsTombstone: true } tombstone
            && tombstone.Resource.Manifest.Stamp >= entry.Stamp;
}
