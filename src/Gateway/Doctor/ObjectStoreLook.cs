using Gateway.Configuration;
using Gateway.Hosting;
using MurkyWaters.Backing;
using MurkyWaters.Engines.S3;

namespace Gateway.Doctor;

/// <summary>Whether the bucket of the object store can be listed with the key; nothing is put there.</summary>
internal static class ObjectStoreLook
{
    public static async IAsyncEnumerable<Finding> LookAsync(GatewaySettings settings)
    {
        if (NodeHost.CreateBackEnd(settings.Store.S3) is not { } store)
        {
            yield break;
        }

        await using (store)
        {
            yield return await LookAsync(store);
        }
    }

    private static async Task<Finding> LookAsync(S3BackEnd store)
    {
        try
        {
            var names = await store.ListAsync("", 1, CancellationToken.None);
            return Finding.Ok(
                "bucket", $"{store.Name} is listed with the key, and has {(names.Count == 0 ? "nothing in it yet" : "objects in it")}.");
        }
        catch (BackEndException error)
        {
            return Finding.Problem("bucket", $"{store.Name}: {error.Message.TrimEnd('.')}.", error.Error switch
            {
                BackEndError.Denied => "Make the bucket, or correct Store:S3:Bucket, AccessKey, SecretKey and Region; the key has to be "
                    + "let list, read, write and delete there. A clock that is minutes off is refused as well.",
                BackEndError.Unreachable => "Does it run, is Store:S3:Endpoint right, does a firewall on the way let it pass?",
                _ => "Is what answers at Store:S3:Endpoint an object store that speaks S3?",
            });
        }
    }
}
