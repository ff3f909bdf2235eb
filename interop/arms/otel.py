ARMS=[]
