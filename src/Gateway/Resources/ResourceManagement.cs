using System.Globalization;
using Gateway.Configuration;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Rain;
using MurkyWaters;
using PouringRain.Protocol;

namespace Gateway.Resources;

/// <summary>What can be done with resources apart from their bytes: listing, the manifest, deletion, propagation, prefetching.</summary>
internal static class ResourceManagement
{
    private const int PageItemsMax = 1000, PageItems = 100;

    /// <summary>A page of what is kept here, in order of ids.</summary>
    public static IResult List(NodeHost host, string? after, string? limit)
    {
        ResourceId? start = null;
        if (after is not null)
        {
            if (!ResourceId.TryParse(after, out var parsed))
            {
                return Problem.InvalidResourceId(after);
            }

            start = parsed;
        }

        var count = PageItems;
        if (limit is not null && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count is < 1 or > PageItemsMax))
        {
            return new Problem(ProblemType.InvalidParameter, $"limit={limit} is wrong: a whole number from 1 to {PageItemsMax} is wanted.");
        }

        var page = host.Node.List(start, count);
        return TypedResults.Ok(new ResourceList([.. page.Items.Select(resource => ResourceSummary.Of(resource))], page.Next?.ToString()));
    }

    /// <summary>The whole manifest, from here or from the rain.</summary>
    public static async Task<IResult> GetManifestAsync(HttpContext http, NodeHost host, string id)
    {
        if (!ResourceId.TryParse(id, out var resource))
        {
            return Problem.InvalidResourceId(id);
        }

        var opened = await host.Node.OpenAsync(resource, new OpenOptions { DemandLength = 0 }, http.RequestAborted);
        if (opened.Reader is not { } reader)
        {
            return Problem.OfOpening(resource, opened);
        }

        await using (reader)
        {
            http.Response.Headers.ETag = Preconditions.EntityTagOf(reader.Manifest);
            return TypedResults.Ok(new ManifestView(resource, reader.Manifest));
        }
    }

    /// <summary>Deletes a resource here and on the other nodes.</summary>
    public static async Task<IResult> DeleteAsync(HttpContext http, NodeHost host, string id)
    {
        if (!ResourceId.TryParse(id, out var resource))
        {
            return Problem.InvalidResourceId(id);
        }

        var headers = http.Request.Headers;
        var outcome = await host.Node.DeleteAsync(
            resource, current => Preconditions.Evaluate(headers, isRead: false, current?.Manifest) != Preconditions.Outcome.Failed, http.RequestAborted);
        return outcome switch
        {
            DeleteOutcome.Deleted => TypedResults.NoContent(),
            DeleteOutcome.NotFound => new Problem(ProblemType.NotFound, $"Resource {resource} is not here."),
            _ => new Problem(ProblemType.PreconditionFailed, $"Resource {resource} is not at the version that the request wants to delete."),
        };
    }

    /// <summary>Asks the other nodes to fetch and keep a resource that is here.</summary>
    public static async Task<IResult> PropagateAsync(HttpContext http, NodeHost host, GatewaySettings settings, string id, string? replicas)
    {
        if (!ResourceId.TryParse(id, out var resource))
        {
            return Problem.InvalidResourceId(id);
        }

        var count = 1;
        if (replicas is not null && (!int.TryParse(replicas, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count < 1))
        {
            return new Problem(ProblemType.InvalidParameter, $"replicas={replicas} is wrong: a whole number from 1 is wanted.");
        }

        if (host.Node.Find(resource) is not { Manifest.IsDeleted: false } stored)
        {
            return new Problem(ProblemType.NotFound, $"Resource {resource} is not here.");
        }

        var held = await host.Node.PropagateAsync(resource, count, settings.Gateway.ReplicaTimeout, http.RequestAborted);
        return TypedResults.Accepted($"/resources/{resource}", ResourceSummary.Of(stored, held));
    }

    /// <summary>Fetches a resource into the store without sending it anywhere.</summary>
    public static IResult Prefetch(NodeHost host, string id)
    {
        if (!ResourceId.TryParse(id, out var resource))
        {
            return Problem.InvalidResourceId(id);
        }

        var transfer = TransferView.Of(host.Node.Prefetch(resource));
        return TypedResults.Accepted($"/transfers/{transfer.Id}", transfer);
    }
}
